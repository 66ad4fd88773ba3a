r"""LOAD DATA's default text, utf8mb4: `FIELDS TERMINATED BY '\t' ESCAPED BY '\\' LINES TERMINATED BY '\n'`.

| type | column | bytes |
|---|---|---|
| bool | boolean | 1, 0 |
| datetime, timestamp, timestamp_tz | datetime(6) | UTC, no zone |
| uuid | binary(16) | its 16 bytes |
| blob, bytes | longblob, varbinary | themselves |
| array, json, jsonb | json | JSON |
| set | set(...) | members with commas between |
| duration | bigint | microseconds |
| point | point | SRID 0 and well-known binary |
"""

from typing import Any

from spec.schema import Table
from spec.types import DataType, Kind
from worker.encode import json_text, text
from worker.encode.columns import block, fixed, numbers
from worker.encode.delimited import DelimitedEncoder
from worker.encode.pieces import Piece, Writers, join, joined_lists

_SRID_0_LITTLE_ENDIAN_POINT = b"\0\0\0\0" + b"\x01" + b"\x01\0\0\0"


def _uuids(column: Any, _: DataType) -> list[Piece]:
    return [fixed(column)]


def _members(column: Any, _: DataType) -> list[Piece]:
    return [joined_lists(column, join([column.flatten()], len(column.flatten())), b",")]


def _points(column: Any, _: DataType) -> list[Piece]:
    x, y = (block(numbers(column.field(axis), "<f8"), "<f8") for axis in (0, 1))
    return [_SRID_0_LITTLE_ENDIAN_POINT, x, y]


_LITERALS: Writers = {
    **text.WRITERS,
    Kind.BOOL: text.either(b"1", b"0"),
    **dict.fromkeys(text.TIMESTAMPS, text.timestamps(b" ", b"")),
    **dict.fromkeys(text.BINARIES, text.strings),
    Kind.UUID: _uuids,
    Kind.ARRAY: json_text.array,
    Kind.SET: _members,
    Kind.DURATION: text.microseconds,
    Kind.POINT: _points,
}


class MysqlTextEncoder(DelimitedEncoder):
    """Rows of a table as LOAD DATA reads them."""

    def __init__(self, table: Table) -> None:
        super().__init__(table, _LITERALS)
