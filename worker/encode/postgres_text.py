r"""COPY's text format: see `worker.encode.postgres_binary` for the column types, which are the same."""

from typing import Any

from core.schema.model import Table
from core.schema.types import BINARIES, DOCUMENTS, STRINGS, DataType, Kind
from worker.encode import text
from worker.encode.column_concat import Piece, Writers, join, joined_lists, with_nulls
from worker.encode.delimited import DelimitedEncoder
from worker.encode.escape import replaced
from worker.encode.json_text import element_of
from worker.encode.postgres_nul import without_nul

_IN_AN_ARRAY = {0x5C: rb"\\", 0x22: rb"\""}


def _strings(column: Any, _: DataType) -> list[Piece]:
    return [without_nul(column)]


def _bytes(column: Any, type_: DataType) -> list[Piece]:
    return [rb"\x", *text.hexadecimal(column, type_)]


def _durations(column: Any, type_: DataType) -> list[Piece]:
    return [*text.microseconds(column, type_), b" microseconds"]


def _arrays(column: Any, type_: DataType) -> list[Piece]:
    elements, element = column.flatten(), element_of(type_)
    values = join(_LITERALS[element.kind](elements, element), len(elements))
    quoted = with_nulls([b'"', replaced(values, _IN_AN_ARRAY), b'"'], elements)
    return [b"{", joined_lists(column, join(quoted, len(elements), null=b"NULL"), b","), b"}"]


_LITERALS: Writers = {
    **text.WRITERS,
    Kind.BOOL: text.either(b"t", b"f"),
    **dict.fromkeys((*STRINGS, *DOCUMENTS), _strings),
    **dict.fromkeys(BINARIES, _bytes),
    **dict.fromkeys((Kind.ARRAY, Kind.SET), _arrays),
    Kind.DURATION: _durations,
    Kind.POINT: text.points(b"(", b",", b")"),
}


class PostgresTextEncoder(DelimitedEncoder):
    """Rows of a table as `COPY ... FROM STDIN` reads them."""

    def __init__(self, table: Table) -> None:
        super().__init__(table, _LITERALS)
