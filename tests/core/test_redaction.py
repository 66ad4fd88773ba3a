import json
import random
import re
import string
from urllib.parse import quote, quote_plus

import pytest

from core.redaction import HIDDEN, redacted


def _lower_hexadecimal(text: str) -> str:
    return re.sub("%..", lambda found: found[0].lower(), quote(text, safe=""))


SPELLINGS = [str, repr, json.dumps, quote, quote_plus, _lower_hexadecimal]


@pytest.mark.parametrize("spelled", SPELLINGS)
def test_secret_is_taken_out_in_every_spelling(spelled):
    source = random.Random(17)
    for _ in range(200):
        secret = "".join(source.choices(string.printable[:95], k=source.randint(4, 24)))
        said = f"login of user u failed ({spelled(secret)})"
        text = redacted(said, [secret])
        assert HIDDEN in text
        assert secret not in text
        assert spelled(secret) not in text


def test_short_secret_leaves_words_alone():
    assert redacted("the user e was refused: 'e'", ["e"]) == f"the user {HIDDEN} was refused: '{HIDDEN}'"


def test_secret_with_spaces_is_taken_out_of_one_line():
    assert redacted("refused:\n a  b\tc", ["a  b\tc"]) == f"refused: {HIDDEN}"


def test_secret_within_another_is_taken_out_with_it():
    assert redacted("word and words-more", ["word", "words-more"]) == f"{HIDDEN} and {HIDDEN}"


def test_text_without_secrets_becomes_one_line():
    assert redacted("a\nb", []) == "a b"
