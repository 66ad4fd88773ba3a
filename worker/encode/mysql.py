r"""The default text of LOAD DATA: tabs, backslash escapes, `\n` line ends, utf8mb4 mixed with raw bytes.

The statement reads it as `CHARACTER SET binary`, which does not change bytes; as utf8mb4 the server would refuse bytes such
as a uuid. A json column does not accept a binary string, so columns of the kinds `CONVERTED` are read into a variable and
set with `SET c = CONVERT(@c USING utf8mb4)`.

| type | column | bytes |
|---|---|---|
| bool | boolean | 1, 0 |
| float32 | float | the digits of the double that it is |
| datetime, timestamp, timestamp_tz | datetime(6) | UTC, no zone |
| uuid | binary(16) | its 16 bytes |
| blob, bytes | longblob, varbinary | unchanged |
| array, json, jsonb | json | JSON |
| set | set(...) | members with commas between |
| duration | bigint | microseconds |
| point | point | SRID 0 and well-known binary |
"""

from typing import Any

import pyarrow as pa

from core.schema.model import Table
from core.schema.types import BINARIES, DOCUMENTS, TIMESTAMPS, DataType, Kind
from worker.encode import json_text, text
from worker.encode.columns import Piece, Writers, block, fixed, join, join_lists, numbers
from worker.encode.encoder import DelimitedEncoder

CONVERTED = (*DOCUMENTS, Kind.ARRAY)
"""The kinds whose columns the statement converts from bytes to text."""

_SRID_0_LITTLE_ENDIAN_POINT = b"\0\0\0\0" + b"\x01" + b"\x01\0\0\0"


def _uuids(column: Any, _: DataType) -> list[Piece]:
    return [fixed(column)]


def _singles(column: Any, type_: DataType) -> list[Piece]:
    """Return the digits of the value as a double: the shortest digits of the largest single exceed the server's range."""
    return text.by_polars(column.cast(pa.float64()), type_)


def _members(column: Any, _: DataType) -> list[Piece]:
    return [join_lists(column, join([column.flatten()], len(column.flatten())), b",")]


def _points(column: Any, _: DataType) -> list[Piece]:
    x, y = (block(numbers(column.field(axis), "<f8"), "<f8") for axis in (0, 1))
    return [_SRID_0_LITTLE_ENDIAN_POINT, x, y]


_LITERALS: Writers = {
    **text.WRITERS,
    Kind.BOOL: text.booleans(b"1", b"0"),
    **dict.fromkeys(TIMESTAMPS, text.timestamps(b" ", b"")),
    **dict.fromkeys(BINARIES, text.strings),
    Kind.FLOAT32: _singles,
    Kind.UUID: _uuids,
    Kind.ARRAY: json_text.array,
    Kind.SET: _members,
    Kind.DURATION: text.microseconds,
    Kind.POINT: _points,
}


class MysqlTextEncoder(DelimitedEncoder):
    """Encode the rows of a table for LOAD DATA."""

    def __init__(self, table: Table) -> None:
        super().__init__(table, _LITERALS)
