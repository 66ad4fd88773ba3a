r"""Text with tabs between the values, backslash escapes and `\N` for NULL: what COPY and LOAD DATA read by default."""

from collections.abc import Mapping
from typing import Any

from core.schema.model import Table
from core.schema.types import FLOATS, INTEGERS, TIMESTAMPS, DataType, Kind
from worker.encode.column_concat import Piece, Writer, Writers, join
from worker.encode.encoder import RowEncoder
from worker.encode.escape import replaced

_PLAIN = (
    Kind.BOOL, *INTEGERS, *FLOATS, Kind.DECIMAL, Kind.DATE, Kind.TIME, *TIMESTAMPS, Kind.DURATION,
)  # fmt: skip
"""Kinds whose text can hold no tab, line end or backslash."""

ESCAPES: Mapping[int, bytes] = {0x5C: rb"\\", 0x09: rb"\t", 0x0A: rb"\n", 0x0D: rb"\r"}
"""The escapes that both servers know, for the bytes that both give a meaning to."""


class DelimitedEncoder(RowEncoder):
    """Encodes a table for a server that reads such text; `literals` is what the server expects for each type."""

    def __init__(self, table: Table, literals: Writers) -> None:
        leads = [b"", *[b"\t"] * (len(table.columns) - 1)]
        writers = {kind: writer if kind in _PLAIN else _escaped(writer) for kind, writer in literals.items()}
        super().__init__(table.columns, writers, leads=leads, null=rb"\N", end=b"\n")


def _escaped(writer: Writer) -> Writer:
    def write(column: Any, type_: DataType) -> list[Piece]:
        return [replaced(join(writer(column, type_), len(column)), ESCAPES)]

    return write
