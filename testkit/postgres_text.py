"""COPY's text format, with which the benchmark and tests compare the binary format of the product."""

from typing import Any

from core.schema.model import Table
from core.schema.types import BINARIES, DOCUMENTS, LISTS, STRINGS, DataType, Kind
from worker.encode import text
from worker.encode.columns import Piece, Writers, join, join_lists, keep_nulls, replace_bytes
from worker.encode.encoder import DelimitedEncoder
from worker.encode.json_text import element_of
from worker.encode.postgres import without_nul

_IN_AN_ARRAY = {0x5C: rb"\\", 0x22: rb"\""}


def _checked_strings(column: Any, _: DataType) -> list[Piece]:
    return [without_nul(column)]


def _escaped_bytes(column: Any, type_: DataType) -> list[Piece]:
    return [rb"\x", *text.hexadecimal(column, type_)]


def _durations(column: Any, type_: DataType) -> list[Piece]:
    return [*text.microseconds(column, type_), b" microseconds"]


def _array_literals(column: Any, type_: DataType) -> list[Piece]:
    elements, element = column.flatten(), element_of(type_)
    values = join(_LITERALS[element.kind](elements, element), len(elements))
    quoted = keep_nulls([b'"', replace_bytes(values, _IN_AN_ARRAY), b'"'], elements)
    return [b"{", join_lists(column, join(quoted, len(elements), null=b"NULL"), b","), b"}"]


_LITERALS: Writers = {
    **text.WRITERS,
    Kind.BOOL: text.booleans(b"t", b"f"),
    **dict.fromkeys((*STRINGS, *DOCUMENTS), _checked_strings),
    **dict.fromkeys(BINARIES, _escaped_bytes),
    **dict.fromkeys(LISTS, _array_literals),
    Kind.DURATION: _durations,
    Kind.POINT: text.points(b"(", b",", b")"),
}


class PostgresTextEncoder(DelimitedEncoder):
    """Encode the rows of a table for `COPY ... FROM STDIN`, in text format."""

    def __init__(self, table: Table) -> None:
        super().__init__(table, _LITERALS)
