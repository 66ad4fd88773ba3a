"""Secrets taken out of what drivers and servers say, in every spelling in which they come back."""

import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

_SHORT = 4
"""A secret of fewer characters is part of ordinary words: it is replaced where it stands alone."""
HIDDEN = "[secret]"


def redacted(said: str, secrets: Iterable[str]) -> str:
    """Return the text in one line, with each secret replaced: plain, percent-encoded, escaped or quoted."""
    spellings = {spelling for secret in secrets for spelling in _spellings(secret) if spelling}
    text = _replaced(said, spellings)
    # A secret with two spaces in a row is another one once the text is a line.
    return _replaced(" ".join(text.split()), {" ".join(spelling.split()) for spelling in spellings} - {""})


def _replaced(text: str, spellings: Iterable[str]) -> str:
    ordered = sorted(spellings, key=len, reverse=True)
    if not ordered:
        return text
    return re.sub("|".join(map(_pattern, ordered)), HIDDEN, text)


def _pattern(spelling: str) -> str:
    # %2f is %2F.
    pattern = rf"(?i:{re.escape(spelling)})" if "%" in spelling else re.escape(spelling)
    return pattern if len(spelling) >= _SHORT else rf"(?<!\w){pattern}(?!\w)"


def _spellings(secret: str) -> Iterator[str]:
    yield from (secret, quote(secret, safe=""), quote(secret), quote_plus(secret), quote_plus(secret, safe="/:"))
    yield from (repr(secret)[1:-1], repr(secret + "'")[1:-2], json.dumps(secret)[1:-1])
    yield secret.replace("'", "''")
    yield secret.replace("\\", "\\\\").replace("'", "\\'")
