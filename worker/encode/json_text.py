"""JSON values (RFC 8259) in whole columns: for JSON lines, and for the arrays and sets of CSV and MySQL.

A decimal is a number with all its digits. It is exact on the wire; a reader that parses numbers as doubles keeps 15
digits. Bytes are base64, uuids, times and durations strings as in `worker.encode.text`, points GeoJSON.
"""

import json
from typing import Any

from core.schema.model import Table
from core.schema.types import BINARIES, STRINGS, TIMESTAMPS, DataType, Kind
from worker.encode import text
from worker.encode.columns import Piece, Writer, Writers, join, join_lists, keep_nulls, replace_bytes
from worker.encode.encoder import RowEncoder

QUOTED = (*BINARIES, Kind.DATE, Kind.TIME, *TIMESTAMPS, Kind.UUID, Kind.DURATION)
"""The kinds whose JSON value is a string without characters to escape."""
_ESCAPES = {
    0x5C: rb"\\",
    0x22: rb"\"",
    **{control: rb"\u%04x" % control for control in range(0x20)},
    0x08: rb"\b",
    0x09: rb"\t",
    0x0A: rb"\n",
    0x0C: rb"\f",
    0x0D: rb"\r",
}


def _quoted(writer: Writer) -> Writer:
    """Return a writer that puts quotes around text without escapes."""

    def write(column: Any, type_: DataType) -> list[Piece]:
        return [b'"', *writer(column, type_), b'"']

    return write


def _strings(column: Any, _: DataType) -> list[Piece]:
    return [b'"', replace_bytes(column, _ESCAPES), b'"']


def array(column: Any, type_: DataType) -> list[Piece]:
    """Return a list column as JSON arrays; a null element is `null`."""
    return [b"[", join_lists(column, _values(column.flatten(), element_of(type_)), b","), b"]"]


def element_of(type_: DataType) -> DataType:
    """Return the type of a list's elements; the elements of a set are text."""
    return type_.element or DataType(kind=Kind.TEXT)


def _values(column: Any, type_: DataType) -> Any:
    return join(keep_nulls(WRITERS[type_.kind](column, type_), column), len(column), null=b"null")


WRITERS: Writers = {
    **text.WRITERS,
    **dict.fromkeys(STRINGS, _strings),
    **{kind: _quoted(text.WRITERS[kind]) for kind in QUOTED},
    Kind.ARRAY: array,
    Kind.SET: array,
    Kind.POINT: text.points(b'{"type":"Point","coordinates":[', b",", b"]}"),
}
"""The writer of a JSON value for each type."""


class NdjsonEncoder(RowEncoder):
    """Encode the rows of a table as JSON objects, one per line.

    `Rows.cut(terminator=1)` returns the values of Kafka messages.
    """

    def __init__(self, table: Table) -> None:
        keys = [json.dumps(column.name, ensure_ascii=False).encode() + b":" for column in table.columns]
        prefixes = [b"{" + keys[0], *[b"," + key for key in keys[1:]]]
        super().__init__(table.columns, WRITERS, prefixes=prefixes, null=b"null", end=b"}\n")
