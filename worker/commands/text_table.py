"""Plain text tables for a terminal, with columns as wide as their cells, up to 64 characters."""

import unicodedata
from collections.abc import Sequence

from core.text import visible

_WIDEST = 64


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return the header, a rule and the rows; shorten cells above 64 characters and end them with an ellipsis."""
    lines = [[_fitted(cell) for cell in line] for line in [header, *rows]]
    widths = [max(_width(line[column]) for line in lines) for column in range(len(header))]
    texts = [
        "  ".join(_padded(cell, width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    ]
    return "\n".join([texts[0], "  ".join("-" * width for width in widths), *texts[1:]]) + "\n"


def _fitted(cell: str) -> str:
    shown = visible(cell)
    return shown if _width(shown) <= _WIDEST else shown[: _WIDEST - 1] + "…"


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - _width(cell))


def _width(text: str) -> int:
    """Return the terminal columns of a text: two for a wide character, none for a combining one."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )
