import json
import random
import re
import string
from urllib.parse import quote, quote_plus

import pytest

from core.text import HIDDEN, one_line, redacted


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
