"""Text for messages and logs: one line without line ends and without secrets."""

import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

_SHORT = 4
"""A secret of fewer characters is part of ordinary words: it is replaced only as a word of its own."""
HIDDEN = "[secret]"


def one_line(text: object, limit: int | None = None) -> str:
    """Return the text with single spaces in place of line ends and runs of spaces.

    A positive limit keeps that many characters of the beginning, a negative one of the end.
    """
    line = " ".join(str(text).split())
    if limit is None:
        return line
    return line[:limit] if limit >= 0 else line[limit:]


def redacted(text: str, secrets: Iterable[str]) -> str:
    """Return the text in one line, with each secret replaced: plain, percent-encoded, escaped or quoted."""
    spellings = {spelling for secret in secrets for spelling in _spellings(secret) if spelling}
    # A secret with two spaces in a row has only one of them in the line.
    return _replaced(one_line(_replaced(text, spellings)), {one_line(spelling) for spelling in spellings} - {""})


def _replaced(text: str, spellings: Iterable[str]) -> str:
    ordered = sorted(spellings, key=len, reverse=True)
    if not ordered:
        return text
    return re.sub("|".join(map(_pattern, ordered)), HIDDEN, text)


def _pattern(spelling: str) -> str:
    # Percent-encoding ignores case: %2f is %2F.
    pattern = rf"(?i:{re.escape(spelling)})" if "%" in spelling else re.escape(spelling)
    return pattern if len(spelling) >= _SHORT else rf"(?<!\w){pattern}(?!\w)"


def _spellings(secret: str) -> Iterator[str]:
    yield from (secret, quote(secret, safe=""), quote(secret), quote_plus(secret), quote_plus(secret, safe="/:"))
    yield from (repr(secret)[1:-1], repr(secret + "'")[1:-2], json.dumps(secret)[1:-1])
    yield secret.replace("'", "''")
    yield secret.replace("\\", "\\\\").replace("'", "\\'")
