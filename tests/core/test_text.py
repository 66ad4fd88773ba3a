import json
import random
import re
import string
from urllib.parse import quote, quote_plus

import pytest

from core.text import HIDDEN, one_line, redacted, visible


def _lower_hexadecimal(text: str) -> str:
    return re.sub("%..", lambda found: found[0].lower(), quote(text, safe=""))


SPELLINGS = [str, repr, json.dumps, quote, quote_plus, _lower_hexadecimal]


@pytest.mark.parametrize(
    ("limit", "line"),
    [(None, "first second third"), (8, "first se"), (-5, "third"), (0, ""), (99, "first second third")],
)
def test_one_line_joins_lines_and_cuts(limit, line):
    assert one_line(" first\n\tsecond  third\n", limit) == line


def test_one_line_takes_an_exception():
    assert one_line(ValueError("first\nsecond")) == "first second"


@pytest.mark.parametrize("spelled", SPELLINGS)
def test_redacted_removes_every_spelling_of_a_secret(spelled):
    source = random.Random(17)
    for _ in range(200):
        secret = "".join(source.choices(string.printable[:95], k=source.randint(4, 24)))
        said = f"login of user u failed ({spelled(secret)})"
        text = redacted(said, [secret])
        assert HIDDEN in text
        assert secret not in text
        assert spelled(secret) not in text


def test_redacted_keeps_words_that_contain_a_short_secret():
    assert redacted("the user e was refused: 'e'", ["e"]) == f"the user {HIDDEN} was refused: '{HIDDEN}'"


def test_redacted_removes_secret_with_spaces():
    assert redacted("refused:\n a  b\tc", ["a  b\tc"]) == f"refused: {HIDDEN}"


def test_redacted_removes_secret_that_contains_another():
    assert redacted("word and words-more", ["word", "words-more"]) == f"{HIDDEN} and {HIDDEN}"


def test_text_without_secrets_becomes_one_line():
    assert redacted("a\nb", []) == "a b"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("naïve Größe 注文 🚀", "naïve Größe 注文 🚀"),
        ("\x1b[31m\x07\x7f\x9b", r"\x1b[31m\x07\x7f\x9b"),
        ("a\nb\tc\u2028d", r"a\nb\tc\u2028d"),
        ("\u202eabc\u2066\u200f", r"\u202eabc\u2066\u200f"),
        ("\u200b\u200d\ufeff\u00ad\u2060", r"\u200b\u200d\ufeff\xad\u2060"),
        ("\u3164\ufe0f\U000e0101", r"\u3164\ufe0f\U000e0101"),
        ("\ud800", r"\ud800"),
        (r"C:\x1b", r"C:\x1b"),
    ],
)
def test_visible_escapes_characters_without_a_glyph(text, shown):
    assert visible(text) == shown
    assert visible(shown) == shown


@pytest.mark.parametrize("text", ["x" * 10_000, "\x1b" * 10_000, "\U000e0101" * 10_000])
def test_visible_shortens_long_text_without_cutting_an_escape(text):
    shown = visible(text, 50)
    beginning, dots, length = shown.partition("... ")
    assert (dots, length) == ("... ", "(10,000 characters)")
    assert 40 < len(beginning) <= 50
    assert len(beginning) % len(visible(text[0])) == 0


def test_visible_keeps_text_of_exactly_the_limit():
    assert visible("x" * 50, 50) == "x" * 50
