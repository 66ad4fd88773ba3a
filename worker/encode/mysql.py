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

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.schema.model import Table
from core.schema.types import BINARIES, DOCUMENTS, TIMESTAMPS, DataType, Kind
from worker.arrow import variable_width
from worker.encode import json_text, text
from worker.encode.columns import Piece, Writer, Writers, block, fixed, join, join_lists, lengths, numbers
from worker.encode.encoder import DelimitedEncoder, RowEncoder, key_first

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


NULL = b"\xfb"
PACKET_HEADER = bytes(4)
"""Stands for the header of a row's packet: its size and its number, which depends on the rows before it."""
_LONGEST_IN_ONE_BYTE = 250
_LONG_SIZES = ((1 << 16, 252, 3), (1 << 24, 253, 4))
"""Below which size a marker stands before it, and the bytes of both; above, the marker is 254 and the size has eight bytes."""


def _with_size(writer: Writer) -> Writer:
    """Return a writer of values after their length (dev.mysql.com, page_protocol_basic_dt_integers)."""

    def write(column: Any, type_: DataType) -> list[Piece]:
        pieces = writer(column, type_)
        return [_encoded_sizes(lengths(pieces, len(column))), *pieces]

    return write


def _encoded_sizes(sizes: NDArray[np.int64]) -> Piece:
    if not (sizes > _LONGEST_IN_ONE_BYTE).any():
        return block(sizes, "u1")
    short = sizes <= _LONGEST_IN_ONE_BYTE
    marks, widths = np.where(short, sizes, 254), np.where(short, 1, 9)
    for bound, mark, width in reversed(_LONG_SIZES):
        chosen = ~short & (sizes < bound)
        marks[chosen], widths[chosen] = mark, width
    cells = np.concatenate([block(marks, "u1"), block(sizes, "<i8")], axis=1)
    return variable_width(widths.astype(np.int32), cells[np.arange(9) < widths[:, None]], pa.binary())


def _doubles(column: Any, type_: DataType) -> list[Piece]:
    """Return the digits of doubles without the `.0` of whole numbers; the server writes some powers of ten differently."""
    (digits,) = text.by_polars(column.cast(pa.float64()), type_)
    return [pc.replace_substring_regex(digits, r"\.0$", "")]


class ServerRowEncoder(RowEncoder):
    """Encode rows as the server sends them in its text protocol, the key first, each after `PACKET_HEADER`."""

    def __init__(self, table: Table) -> None:
        literals = {**_LITERALS, Kind.FLOAT32: _doubles, Kind.FLOAT64: _doubles}
        writers = {kind: _with_size(writer) for kind, writer in literals.items()}
        prefixes = [PACKET_HEADER, *[b""] * (len(table.columns) - 1)]
        super().__init__(key_first(table), writers, prefixes=prefixes, null=NULL, end=b"")
