"""Parse the placeholders of `pattern` and `template`, for checks, estimates and generation.

A brace that does not start a placeholder is plain text, so that a pattern may contain JSON.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from core.errors import Problem

_WORD = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?::([^{}]*))?\}")
_UNCLOSED = re.compile(r"\{(index|uuid|rand)\b(?![^{}]*\})")
_PATTERN_REMEDY = "write {index}, {uuid} or {rand:N} with N from 1 to 100"


@dataclass(frozen=True)
class Literal:
    """Text that is the same in every row."""

    text: str


@dataclass(frozen=True)
class Index:
    """The row number, from 0."""


@dataclass(frozen=True)
class Uuid:
    """A UUID of version 4, in its 36 characters."""


@dataclass(frozen=True)
class Digits:
    """`count` random digits, the first of them not 0."""

    count: int


@dataclass(frozen=True)
class ColumnText:
    """The value of another column of the row, as text."""

    column: str


PatternPart = Literal | Index | Uuid | Digits
TemplatePart = Literal | ColumnText


@lru_cache
def pattern_parts(pattern: str) -> tuple[PatternPart, ...]:
    """Return the parts of a pattern in order; raises Problem for an unknown placeholder."""
    if _UNCLOSED.search(pattern):
        raise Problem("has a placeholder that is not closed", "write } after it")
    return tuple(part for text in _pieces(pattern) for part in [_pattern_part(text)])


def _pattern_part(piece: "str | re.Match[str]") -> PatternPart:
    if isinstance(piece, str):
        return Literal(piece)
    word, argument = piece.groups()
    if word == "rand" and argument is not None and re.fullmatch(r"[0-9]{1,3}", argument) and 1 <= int(argument) <= 100:
        return Digits(int(argument))
    if argument is None and word in ("index", "uuid"):
        return Index() if word == "index" else Uuid()
    raise Problem(f"has the placeholder {piece[0]}, which does not exist", f"{_PATTERN_REMEDY}")


@lru_cache
def template_parts(template: str) -> tuple[TemplatePart, ...]:
    """Return the parts of a template in order; raises Problem for a placeholder that cannot be a column."""
    parts: list[TemplatePart] = []
    for piece in _pieces(template):
        if isinstance(piece, str):
            parts.append(Literal(piece))
        elif piece[2] is not None:
            raise Problem(f"has the placeholder {piece[0]}, which is not a column", "write a column's name in braces")
        else:
            parts.append(ColumnText(piece[1]))
    return tuple(parts)


def template_columns(template: str) -> tuple[str, ...]:
    """Return the columns that a template uses, each once."""
    return tuple(dict.fromkeys(part.column for part in template_parts(template) if isinstance(part, ColumnText)))


def _pieces(text: str) -> "Iterator[str | re.Match[str]]":
    end = 0
    for match in _WORD.finditer(text):
        if match.start() > end:
            yield text[end : match.start()]
        yield match
        end = match.end()
    if end < len(text) or not text:
        yield text[end:]
