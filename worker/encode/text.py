"""The text of each type, without quotes: UTF-8, ISO 8601, shortest floats, base64.

Dates and times have years from 1 to 9999, the range of four digits in ISO 8601 and on the servers.
"""

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from core.schema.types import BINARIES, DOCUMENTS, FLOATS, INTEGERS, STRINGS, DataType, Kind
from worker.arrow import Block, uuid_characters
from worker.encode.columns import Piece, Writer, Writers, booleans_of, fixed, numbers, zero_for_null

_DIGITS = np.frombuffer("".join(f"{number:03d}" for number in range(1000)).encode(), np.uint8).reshape(1000, 3)
_TIMESTAMP, _DATE, _TIME = 26, 10, 15


def integers(column: Any, _: DataType) -> list[Piece]:
    """Return decimal digits, with a minus below zero."""
    return [column.cast(pa.string())]


def by_polars(column: Any, _: DataType) -> list[Piece]:
    """Return floats as the shortest text that parses to the same value, decimals with all digits of their scale.

    Polars takes half as long as Arrow for both, and never writes a decimal with an exponent.
    """
    text = pl.Series(values=pl.from_arrow(column)).cast(pl.String)
    return [_from_polars(text)]


def booleans(true: bytes, false: bytes) -> Writer:
    """Return a writer of booleans as one of two texts."""

    def write(column: Any, _: DataType) -> list[Piece]:
        if len(true) == len(false) == 1:
            return [np.where(booleans_of(column), true[0], false[0]).astype(np.uint8).reshape(-1, 1)]
        return [pc.if_else(column, pa.scalar(true, pa.binary()), pa.scalar(false, pa.binary()))]

    return write


def strings(column: Any, _: DataType) -> list[Piece]:
    """Return strings and bytes unchanged."""
    return [column]


def base64(column: Any, _: DataType) -> list[Piece]:
    """Return bytes in base64, the usual form of bytes in JSON."""
    return [_from_polars(pl.Series(values=pl.from_arrow(column)).bin.encode("base64"))]


def hexadecimal(column: Any, _: DataType) -> list[Piece]:
    """Return each byte as two lower-case hexadecimal digits."""
    return [_from_polars(pl.Series(values=pl.from_arrow(column)).bin.encode("hex"))]


def dates(column: Any, _: DataType) -> list[Piece]:
    """Return dates like `2002-06-09`."""
    return [_characters(zero_for_null(column).cast(pa.string()), _DATE)]


def times(column: Any, _: DataType) -> list[Piece]:
    """Return times like `17:20:49.400513`."""
    return [_characters(zero_for_null(column).cast(pa.string()), _TIME)]


def timestamps(separator: bytes, zone: bytes) -> Writer:
    """Return a writer of UTC timestamps with six decimals of a second, like `2002-06-09T17:20:49.400513Z`."""

    def write(column: Any, _: DataType) -> list[Piece]:
        text = zero_for_null(column.cast(pa.timestamp("us"))).cast(pa.string())
        characters = _characters(text, _TIMESTAMP).copy()
        characters[:, _DATE] = separator[0]
        return [characters, zone]

    return write


def uuids(column: Any, _: DataType) -> list[Piece]:
    """Return UUIDs like `00112233-4455-6677-8899-aabbccddeeff`."""
    return [uuid_characters(fixed(column))]


def durations(column: Any, _: DataType) -> list[Piece]:
    """Return ISO 8601 durations in seconds with six decimals and the sign in front, like `-PT90.500000S`."""
    signed = numbers(zero_for_null(column), np.int64)
    size = np.abs(signed).view(np.uint64)
    seconds = size // np.uint64(1_000_000)
    fraction = (size - seconds * np.uint64(1_000_000)).astype(np.int64)
    sign = pc.if_else(pa.array(signed < 0), pa.scalar(b"-PT", pa.binary()), pa.scalar(b"PT", pa.binary()))
    thousands = fraction // 1000
    return [
        sign,
        pa.array(seconds).cast(pa.string()),
        b".",
        _DIGITS[thousands],
        _DIGITS[fraction - thousands * 1000],
        b"S",
    ]


def microseconds(column: Any, _: DataType) -> list[Piece]:
    """Return durations in microseconds, for servers without a duration type."""
    return [column.cast(pa.int64()).cast(pa.string())]


def points(before: bytes, between: bytes, after: bytes) -> Writer:
    """Return a writer of points as two floats with text around them."""

    def write(column: Any, type_: DataType) -> list[Piece]:
        (x,), (y,) = by_polars(column.field(0), type_), by_polars(column.field(1), type_)
        return [before, x, between, y, after]

    return write


def _from_polars(text: pl.Series) -> Any:
    return text.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(pa.binary())


def _characters(text: Any, width: int) -> Block:
    """Return texts of equal width as a block."""
    if not len(text):
        return np.zeros((0, width), np.uint8)
    start = np.frombuffer(text.buffers()[1], np.int32)[text.offset]
    return np.frombuffer(text.buffers()[2], np.uint8)[start : start + len(text) * width].reshape(-1, width)


WRITERS: Writers = {
    Kind.BOOL: booleans(b"true", b"false"),
    **dict.fromkeys(INTEGERS, integers),
    **dict.fromkeys((*FLOATS, Kind.DECIMAL), by_polars),
    **dict.fromkeys((*STRINGS, *DOCUMENTS), strings),
    **dict.fromkeys(BINARIES, base64),
    Kind.DATE: dates,
    Kind.TIME: times,
    Kind.DATETIME: timestamps(b"T", b""),
    **dict.fromkeys((Kind.TIMESTAMP, Kind.TIMESTAMP_TZ), timestamps(b"T", b"Z")),
    Kind.UUID: uuids,
    Kind.DURATION: durations,
}
"""The writers that the text formats share; each format adds its own lists, sets and points."""
