"""COPY's binary format (PostgreSQL manual, COPY): big-endian values, each after its length.

| type | column |
|---|---|
| bool, int8 and int16, int32, int64 | boolean, smallint, integer, bigint |
| float32, float64, decimal | real, double precision, numeric(p, s) |
| char, ulid; varchar; text, enum | char(n), varchar(n), text |
| blob, bytes, uuid | bytea, uuid |
| date, time, datetime and timestamp, timestamp_tz | date, time, timestamp, timestamptz |
| duration | interval |
| json, jsonb | json, jsonb |
| array, set | an array of the element's column, text[] |
| point | point |
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.errors import PlanError
from core.schema.model import Table
from core.schema.types import BINARIES, LISTS, STRINGS, TIMESTAMPS, DataType, Kind
from worker.arrow import variable_width
from worker.encode.columns import (
    Piece,
    Writer,
    Writers,
    block,
    booleans_of,
    fixed,
    join,
    join_lists,
    keep_nulls,
    lengths,
    lengths_of,
    list_lengths,
    magnitudes,
    numbers,
    special_bytes_in,
)
from worker.encode.encoder import RowEncoder, key_first
from worker.encode.json_text import element_of

_NULL = b"\xff\xff\xff\xff"
_EPOCH_DAYS = 10_957  # 2000-01-01, PostgreSQL's zero, in days since 1970
_EPOCH_MICROSECONDS = _EPOCH_DAYS * 86_400_000_000
_NUMERIC_BASE = 10_000
_OID_OF_TEXT = 25
_OIDS = {
    Kind.BOOL: 16, Kind.INT8: 21, Kind.INT16: 21, Kind.INT32: 23, Kind.INT64: 20,
    Kind.FLOAT32: 700, Kind.FLOAT64: 701, Kind.DECIMAL: 1700,
    Kind.CHAR: 1042, Kind.ULID: 1042, Kind.VARCHAR: 1043, Kind.BLOB: 17, Kind.BYTES: 17, Kind.UUID: 2950,
    Kind.DATE: 1082, Kind.TIME: 1083, Kind.DATETIME: 1114, Kind.TIMESTAMP: 1114, Kind.TIMESTAMP_TZ: 1184,
    Kind.DURATION: 1186, Kind.JSON: 114, Kind.JSONB: 3802, Kind.POINT: 600,
}  # fmt: skip
"""Element types of arrays, from the server's pg_type.dat; other kinds are text."""


def without_nul(values: Any) -> Any:
    """Return the values unchanged; raise PlanError if one contains a NUL character."""
    if special_bytes_in(values, b"\0"):
        raise PlanError(
            "source: 'postgresql' cannot store the character NUL that the schema's strings contain; "
            "use the type bytes for that column, or a value without it"
        )
    return values


def _length(size: int) -> bytes:
    return size.to_bytes(4, "big")


def _fixed(stored: str, sent: str, shift: int = 0, tail: bytes = b"") -> Writer:
    """Return a writer of numbers: it reads them as `stored`, subtracts `shift`, and writes `sent` and a constant tail."""
    length = _length(np.dtype(sent).itemsize + len(tail))

    def write(column: Any, _: DataType) -> list[Piece]:
        values = numbers(column, stored)
        return [length, block(values - shift if shift else values, sent), tail]

    return write


def _booleans(column: Any, _: DataType) -> list[Piece]:
    return [_length(1), block(booleans_of(column), "u1")]


def _uuids(column: Any, _: DataType) -> list[Piece]:
    return [_length(16), fixed(column)]


def _strings(column: Any, _: DataType) -> list[Piece]:
    return [block(lengths_of(column), ">i4"), without_nul(column)]


def _bytes(column: Any, _: DataType) -> list[Piece]:
    return [block(lengths_of(column), ">i4"), column]


def _jsonb(column: Any, _: DataType) -> list[Piece]:
    return [block(lengths_of(column) + 1, ">i4"), b"\x01", without_nul(column)]


def _points(column: Any, _: DataType) -> list[Piece]:
    x, y = (block(numbers(column.field(axis), "<f8"), ">f8") for axis in (0, 1))
    return [_length(16), x, y]


class _Numeric(NamedTuple):
    """Decimals as the server's numeric: groups of four digits, shape (rows, groups), and the weight of the first group."""

    width: int
    weight: int
    sign: NDArray[np.int64]
    scale: int
    groups: NDArray[np.uint64]


def _decimals(column: Any, type_: DataType) -> list[Piece]:
    """Return base-10,000 digits, the same number for every value; the server removes the zeros at both ends."""
    numeric = _numeric_groups(column, type_)
    header = np.array([numeric.width, numeric.weight, 0, numeric.scale], ">i2").view(np.uint8)
    sign = block(numeric.sign, ">i2")
    value: list[Piece] = [header[:4].tobytes(), sign, header[6:].tobytes(), block(numeric.groups, ">i2")]
    return [_length(8 + 2 * numeric.width), *value]


def _numeric_groups(column: Any, type_: DataType) -> _Numeric:
    precision, scale = type_.precision or 1, type_.scale or 0
    fraction = -(-scale // 4)
    digits = fraction + -(-(precision - scale) // 4)
    negative, low, high = magnitudes(column)
    limbs = [low] if precision <= 18 else _limbs(low, high)
    groups = np.zeros((len(column), max(digits, 1)), np.uint64)
    for place in range(digits - 1, -1, -1):
        # the last group of the fraction has fewer decimal digits unless the scale is a multiple of four
        short = 4 * fraction - scale if fraction and place == digits - 1 else 0
        limbs, rest = _divided(limbs, 10 ** (4 - short))
        groups[:, place] = rest * np.uint64(10**short)
    return _Numeric(groups.shape[1], digits - fraction - 1, np.where(negative, 0x4000, 0), scale, groups)


def _decimals_of_server(column: Any, type_: DataType) -> list[Piece]:
    """Return decimals as the server sends them: without groups of zeros at both ends."""
    _, weight, sign, scale, groups = _numeric_groups(column, type_)
    present = groups != 0
    filled = present.any(axis=1)
    first = np.where(filled, present.argmax(axis=1), groups.shape[1])
    stop = np.where(filled, groups.shape[1] - present[:, ::-1].argmax(axis=1), groups.shape[1])
    places = np.arange(groups.shape[1])
    kept = (places >= first[:, None]) & (places < stop[:, None])
    counts = stop - first
    digits = variable_width((2 * counts).astype(np.int32), groups.astype(">i2")[kept].view(np.uint8), pa.binary())
    weights = np.where(filled, weight - first, 0)
    signs = np.where(filled, sign, 0)
    return [
        block(8 + 2 * counts, ">i4"),
        block(np.stack([counts, weights, signs, np.full(len(column), scale)], axis=1), ">i2"),
        digits,
    ]


def _limbs(low: NDArray[np.uint64], high: NDArray[np.uint64]) -> list[NDArray[np.uint64]]:
    """Return 128-bit numbers as four 32-bit limbs, highest first, so that a remainder and a limb fit in 64 bits."""
    mask, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    return [high >> shift, high & mask, low >> shift, low & mask]


def _divided(limbs: list[NDArray[np.uint64]], divisor: int) -> tuple[list[NDArray[np.uint64]], NDArray[np.uint64]]:
    """Divide by a small number; return the limbs of the quotient and the remainder."""
    by = np.uint64(divisor)
    quotient = [limbs[0] // by]
    rest = limbs[0] - quotient[0] * by
    for limb in limbs[1:]:
        dividend = (rest << np.uint64(32)) | limb
        quotient.append(dividend // by)
        rest = dividend - quotient[-1] * by
    return quotient, rest


def _arrays(column: Any, type_: DataType) -> list[Piece]:
    """Return arrays of one dimension, counted from 1; an empty array has no dimension."""
    elements, element = column.flatten(), element_of(type_)
    values = keep_nulls(_WRITERS[element.kind](elements, element), elements)
    body = join_lists(column, join(values, len(elements), _NULL), b"")
    counts = list_lengths(column)
    oid = _length(_OIDS.get(element.kind, _OID_OF_TEXT))
    has_nulls = _counted_nulls(column, elements, counts)
    header = join([_length(1), block(has_nulls, ">i4"), oid, block(counts, ">i4"), _length(1)], len(column))
    empty = pa.scalar(_length(0) + _length(0) + oid, pa.binary())
    header = header if counts.all() else pc.if_else(pa.array(counts > 0), header, empty)
    return [block(lengths([header, body], len(column)), ">i4"), header, body]


def _counted_nulls(column: Any, elements: Any, counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return 1 for each list that contains a null, else 0."""
    if not elements.null_count:
        return np.zeros(len(column), np.int64)
    before = np.concatenate([[0], np.cumsum(elements.is_null().to_numpy(zero_copy_only=False))])
    stops = np.cumsum(counts)
    return np.asarray(before[stops] > before[stops - counts], np.int64)


_WRITERS: Writers = {
    Kind.BOOL: _booleans,
    Kind.INT8: _fixed("i1", ">i2"),
    Kind.INT16: _fixed("<i2", ">i2"),
    Kind.INT32: _fixed("<i4", ">i4"),
    Kind.INT64: _fixed("<i8", ">i8"),
    Kind.FLOAT32: _fixed("<f4", ">f4"),
    Kind.FLOAT64: _fixed("<f8", ">f8"),
    Kind.DECIMAL: _decimals,
    **dict.fromkeys((*STRINGS, Kind.JSON), _strings),
    Kind.JSONB: _jsonb,
    **dict.fromkeys(BINARIES, _bytes),
    Kind.UUID: _uuids,
    Kind.DATE: _fixed("<i4", ">i4", shift=_EPOCH_DAYS),
    Kind.TIME: _fixed("<i8", ">i8"),
    **dict.fromkeys(TIMESTAMPS, _fixed("<i8", ">i8", shift=_EPOCH_MICROSECONDS)),
    Kind.DURATION: _fixed("<i8", ">i8", tail=_length(0) + _length(0)),
    **dict.fromkeys(LISTS, _arrays),
    Kind.POINT: _points,
}


class PostgresBinaryEncoder(RowEncoder):
    """Encode the rows of a table for `COPY ... FROM STDIN (FORMAT binary)`, between `header` and `trailer`."""

    header = b"PGCOPY\n\xff\r\n\0" + b"\0\0\0\0" + b"\0\0\0\0"
    trailer = b"\xff\xff"

    def __init__(self, table: Table) -> None:
        super().__init__(table.columns, _WRITERS, prefixes=_prefixes(table), null=_NULL, end=b"")


class ServerRowEncoder(RowEncoder):
    """Encode rows as the server sends them in `COPY ... TO STDOUT (FORMAT binary)`, the key first."""

    def __init__(self, table: Table) -> None:
        writers = {**_WRITERS, Kind.DECIMAL: _decimals_of_server}
        super().__init__(key_first(table), writers, prefixes=_prefixes(table), null=_NULL, end=b"")


def _prefixes(table: Table) -> Sequence[bytes]:
    """Return the constants before the values: the number of columns, then nothing."""
    return [len(table.columns).to_bytes(2, "big"), *[b""] * (len(table.columns) - 1)]
