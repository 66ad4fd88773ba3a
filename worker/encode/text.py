"""The text of every type, as the formats without quotes of their own have it: UTF-8, ISO 8601, shortest floats, base64.

Dates and times hold for the years 1 to 9999, which is what ISO 8601 and the servers can say in four digits.
"""

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from core.schema.types import BINARIES, DOCUMENTS, FLOATS, INTEGERS, STRINGS, DataType, Kind
from worker.arrow import Block, uuid_characters
from worker.encode.columns import Piece, Writer, Writers, fixed, numbers, truths, zero_for_null

_DIGITS = np.frombuffer("".join(f"{number:03d}" for number in range(1000)).encode(), np.uint8).reshape(1000, 3)
_TIMESTAMP, _DATE, _TIME = 26, 10, 15


def integers(column: Any, _: DataType) -> list[Piece]:
    """Decimal digits, with a minus below zero."""
    return [column.cast(pa.string())]


def by_polars(column: Any, _: DataType) -> list[Piece]:
    """Floats as the shortest text that reads back the same, decimals with all digits of their scale.

    Polars writes both in half the time of Arrow, and never a decimal with an exponent.
    """
    text = pl.Series(values=pl.from_arrow(column)).cast(pl.String)
    return [_from_polars(text)]


def either(true: bytes, false: bytes) -> Writer:
    """A writer of booleans as one of two texts."""

    def write(column: Any, _: DataType) -> list[Piece]:
        if len(true) == len(false) == 1:
            return [np.where(truths(column), true[0], false[0]).astype(np.uint8).reshape(-1, 1)]
        return [pc.if_else(column, pa.scalar(true, pa.binary()), pa.scalar(false, pa.binary()))]

    return write


def strings(column: Any, _: DataType) -> list[Piece]:
    """Strings and bytes as they are."""
    return [column]


def base64(column: Any, _: DataType) -> list[Piece]:
    """Bytes in base64, as JSON's users expect them."""
    return [_from_polars(pl.Series(values=pl.from_arrow(column)).bin.encode("base64"))]


def hexadecimal(column: Any, _: DataType) -> list[Piece]:
    """Bytes as two lower-case hexadecimal digits each."""
    return [_from_polars(pl.Series(values=pl.from_arrow(column)).bin.encode("hex"))]


def dates(column: Any, _: DataType) -> list[Piece]:
    """`2002-06-09`."""
    return [_characters(zero_for_null(column).cast(pa.string()), _DATE)]


def times(column: Any, _: DataType) -> list[Piece]:
    """`17:20:49.400513`."""
    return [_characters(zero_for_null(column).cast(pa.string()), _TIME)]


def timestamps(separator: bytes, zone: bytes) -> Writer:
    """A writer of UTC timestamps with six digits of a second: `2002-06-09T17:20:49.400513Z`."""

    def write(column: Any, _: DataType) -> list[Piece]:
        text = zero_for_null(column.cast(pa.timestamp("us"))).cast(pa.string())
        characters = _characters(text, _TIMESTAMP).copy()
        characters[:, _DATE] = separator[0]
        return [characters, zone]

    return write


def uuids(column: Any, _: DataType) -> list[Piece]:
    """`00112233-4455-6677-8899-aabbccddeeff`."""
    return [uuid_characters(fixed(column))]


def durations(column: Any, _: DataType) -> list[Piece]:
    """ISO 8601 in seconds with six digits of a fraction, the sign in front: `-PT90.500000S`."""
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
    """A duration as its microseconds, for servers without a type of their own."""
    return [column.cast(pa.int64()).cast(pa.string())]


def points(before: bytes, between: bytes, after: bytes) -> Writer:
    """A writer of points as two floats with text around them."""

    def write(column: Any, type_: DataType) -> list[Piece]:
        (x,), (y,) = by_polars(column.field(0), type_), by_polars(column.field(1), type_)
        return [before, x, between, y, after]

    return write


def _from_polars(text: pl.Series) -> Any:
    return text.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(pa.binary())


def _characters(text: Any, width: int) -> Block:
    """Texts that all have the same width as a block."""
    if not len(text):
        return np.zeros((0, width), np.uint8)
    start = np.frombuffer(text.buffers()[1], np.int32)[text.offset]
    return np.frombuffer(text.buffers()[2], np.uint8)[start : start + len(text) * width].reshape(-1, width)


WRITERS: Writers = {
    Kind.BOOL: either(b"true", b"false"),
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
"""What the text formats share; each adds its own lists, sets and points."""
