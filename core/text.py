"""Text for messages and logs: one line, without invisible characters and without secrets."""

import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

_SHORT = 4
"""A secret of fewer characters is part of ordinary words: it is replaced only as a word of its own."""
HIDDEN = "[secret]"
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Characters that count as printable and have no glyph: fillers, joiners and variation selectors."""


def one_line(text: object, limit: int | None = None) -> str:
    """Return the text with single spaces in place of line ends and runs of spaces.

    A positive limit keeps that many characters of the beginning, a negative one of the end.
    """
    line = " ".join(str(text).split())
    if limit is None:
        return line
    return line[:limit] if limit >= 0 else line[limit:]


def abbreviated(text: str, most: int) -> str:
    """Return the text, or its beginning with an ellipsis if it has more than `most` characters."""
    return text if len(text) <= most else text[: most - 3] + "..."


def listed(items: Iterable[object], most: int = 30) -> str:
    """Join the items with commas; of many show the first `most` and the number of the others."""
    words = list(map(str, items))
    others = len(words) - most
    return ", ".join(words[:most]) + (f" and {others:,} more" if others > 0 else "")


def visible(text: object, limit: int | None = None) -> str:
    """Return text from outside so that it can be shown: every character without a glyph is escaped.

    Control and bidirectional characters, line ends, zero-width characters and unusual spaces become `\\x1b`, `\\u202e`,
    `\\n` and the like. Of a text that is longer than `limit` characters, keep the beginning and state the length.
    """
    whole = str(text)
    if whole.isprintable() and not _BLANK.search(whole) and (limit is None or len(whole) <= limit):
        return whole
    shown: list[str] = []
    room = len(whole) * len("\\U0010ffff") if limit is None else limit
    for character in whole:
        piece = character if character.isprintable() and not _BLANK.match(character) else _escape(character)
        room -= len(piece)
        if room < 0:
            return f"{''.join(shown)}... ({len(whole):,} characters)"
        shown.append(piece)
    return "".join(shown)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()


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
