"""Rows as the parameters of a Cypher statement, and their size on the wire.

The driver packs the values itself (PackStream, neo4j.com/docs/bolt/current/packstream). Columns without a server type are
converted to text first. The size of a row is computed from its columns, so that no row is packed twice.

| type | property |
|---|---|
| bool; integers; floats | boolean; integer; float |
| decimal, uuid, json, jsonb | text: all digits; 8-4-4-4-12; the document |
| date, time, datetime, timestamp, timestamp_tz | date, local time, local datetime (twice), datetime in UTC |
| duration | duration of days, seconds and nanoseconds |
| blob, bytes | byte array |
| array, set | list; of bytes as base64 |
| point | cartesian point |
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from neo4j._codec.packstream import Structure
from neo4j.spatial import CartesianPoint
from numpy.typing import NDArray

from core.schema.model import Table
from core.schema.types import BINARIES, LISTS, DataType, Kind
from worker.encode import text
from worker.encode.columns import join, lengths_of, list_lengths, numbers
from worker.encode.json_text import element_of
from worker.encode.rows import Objects

Sizes = NDArray[np.int64]
_TEXTS = (Kind.DECIMAL, Kind.UUID)
_MICROSECONDS_A_DAY, _MICROSECONDS_A_SECOND = 86_400_000_000, 1_000_000
_STRUCTURE, _FLOAT, _BYTE = 2, 9, 1


class BoltEncoder:
    """Encode the rows of a table as lists of values for the driver."""

    def __init__(self, table: Table) -> None:
        self._columns = table.columns

    def encode(self, batch: pa.RecordBatch) -> Objects:
        """Return the rows of an Arrow record batch that has the table's columns."""
        values: list[list[Any]] = []
        sizes = _header_sizes(np.full(batch.num_rows, len(self._columns), np.int64))
        for column in self._columns:
            given = with_text(batch.column(column.name), column.type)
            values.append(_driver_values(given, column.type))
            sizes += _sizes(given, column.type)
        return Objects(list(map(list, zip(*values, strict=True))), sizes)


def with_text(column: Any, type_: DataType) -> Any:
    """Return the column, as text if the server has no type for it."""
    if type_.kind in _TEXTS:
        written = join(text.WRITERS[type_.kind](column, type_), len(column)).cast(pa.string())
        return pc.if_else(column.is_valid(), written, pa.scalar(None, pa.string())) if column.null_count else written
    if type_.kind is Kind.ARRAY:
        element = element_of(type_)
        values = column.flatten()
        if element.kind in BINARIES:
            values = join(text.base64(values, element), len(values)).cast(pa.string())
        offsets = np.concatenate([[0], np.cumsum(list_lengths(column))]).astype(np.int32)
        nulls = column.is_null() if column.null_count else None
        return pa.ListArray.from_arrays(pa.array(offsets), with_text(values, element), mask=nulls)
    return column


def _driver_values(column: Any, type_: DataType) -> list[Any]:
    """Return the values for the driver, one per row."""
    if type_.kind is Kind.ARRAY:
        elements = _driver_values(column.flatten(), element_of(type_))
        stops = np.cumsum(list_lengths(column)).tolist()
        lists: list[Any] = [elements[start:stop] for start, stop in zip([0, *stops], stops, strict=False)]
    elif (structure := _STRUCTURES.get(type_.kind)) is not None:
        lists = structure(column)
    else:
        return column.to_pylist()  # type: ignore[no-any-return]
    if not column.null_count:
        return lists
    return [item if valid else None for item, valid in zip(lists, column.is_valid().to_pylist(), strict=True)]


def seconds_and_nanoseconds(column: Any) -> tuple[Sizes, Sizes]:
    """Return instants as seconds since 1970 and nanoseconds of the second; a null becomes arbitrary numbers."""
    microseconds = numbers(column, "<i8")
    seconds = microseconds // _MICROSECONDS_A_SECOND
    return seconds, (microseconds - seconds * _MICROSECONDS_A_SECOND) * 1000


def _pairs(column: Any) -> Iterator[tuple[int, int]]:
    seconds, nanoseconds = seconds_and_nanoseconds(column)
    return zip(seconds.tolist(), nanoseconds.tolist(), strict=True)


def _local(column: Any) -> list[Any]:
    return [Structure(b"d", *instant) for instant in _pairs(column)]


def _zoned(column: Any) -> list[Any]:
    """Return instants with an offset of 0 seconds, as in Bolt 5 and in the UTC patch of Bolt 4.4."""
    return [Structure(b"I", *instant, 0) for instant in _pairs(column)]


def _points(column: Any) -> list[Any]:
    return [None if point is None else CartesianPoint((point["x"], point["y"])) for point in column.to_pylist()]


_STRUCTURES: Mapping[Kind, Callable[[Any], list[Any]]] = {
    Kind.DATETIME: _local,
    Kind.TIMESTAMP: _local,
    Kind.TIMESTAMP_TZ: _zoned,
    Kind.POINT: _points,
}
"""Ready-made structures. The driver's own instants use pytz and a calendar for each cell, which takes about 1,000 times as
long."""


def _sizes(column: Any, type_: DataType) -> Sizes:
    """Return the packed bytes of each value, shape (rows,); a null is one byte."""
    kind = type_.kind
    if kind in LISTS:
        sizes = _list_sizes(column, element_of(type_))
    elif pa.types.is_string(column.type) or pa.types.is_binary(column.type):
        lengths = lengths_of(column)
        sizes = lengths + _header_sizes(lengths, tiny=pa.types.is_string(column.type))
    else:
        sizes = _SIZES[kind](column)
    if column.null_count:
        sizes = np.where(column.is_null().to_numpy(zero_copy_only=False), _BYTE, sizes)
    return sizes


def _list_sizes(column: Any, element: DataType) -> Sizes:
    counts = list_lengths(column)
    elements = column.flatten()
    stored = DataType(kind=Kind.TEXT) if pa.types.is_string(elements.type) else element
    before = np.concatenate([[0], np.cumsum(_sizes(elements, stored))])
    stops = np.cumsum(counts)
    return np.asarray(_header_sizes(counts) + before[stops] - before[stops - counts], np.int64)


def _header_sizes(lengths: Sizes, tiny: bool = True) -> Sizes:
    """Return the bytes of the length field; texts and lists below 16 have their length in the marker."""
    sizes = np.select([lengths < 256, lengths < 65_536], [2, 3], 5).astype(np.int64)
    return np.where(lengths < 16, 1, sizes) if tiny else sizes


def _integer_sizes(values: Sizes) -> Sizes:
    conditions = [
        (values >= -16) & (values < 128),
        (values >= -(2**7)) & (values < 2**7),
        (values >= -(2**15)) & (values < 2**15),
        (values >= -(2**31)) & (values < 2**31),
    ]
    return np.select(conditions, [1, 2, 3, 5], 9).astype(np.int64)


def _constant_sizes(size: int) -> Callable[[Any], Sizes]:
    return lambda column: np.full(len(column), size, np.int64)


def _integer_column_sizes(dtype: str) -> Callable[[Any], Sizes]:
    return lambda column: _integer_sizes(numbers(column, dtype).astype(np.int64))


def _times(column: Any) -> Sizes:
    return _STRUCTURE + _integer_sizes(numbers(column, "<i8") * 1000)


def _instants(more: int) -> Callable[[Any], Sizes]:
    def sizes(column: Any) -> Sizes:
        seconds, nanoseconds = seconds_and_nanoseconds(column)
        return _STRUCTURE + _integer_sizes(seconds) + _integer_sizes(nanoseconds) + more

    return sizes


def _durations(column: Any) -> Sizes:
    """Return the size of months, days, seconds and nanoseconds. As in Python's timedelta, only the days may be negative."""
    microseconds = numbers(column, "<i8")
    days = microseconds // _MICROSECONDS_A_DAY
    rest = microseconds - days * _MICROSECONDS_A_DAY
    seconds = rest // _MICROSECONDS_A_SECOND
    nanoseconds = (rest - seconds * _MICROSECONDS_A_SECOND) * 1000
    return _STRUCTURE + _BYTE + _integer_sizes(days) + _integer_sizes(seconds) + _integer_sizes(nanoseconds)


_SIZES: Mapping[Kind, Callable[[Any], Sizes]] = {
    Kind.BOOL: _constant_sizes(_BYTE),
    Kind.INT8: _integer_column_sizes("i1"),
    Kind.INT16: _integer_column_sizes("<i2"),
    Kind.INT32: _integer_column_sizes("<i4"),
    Kind.INT64: _integer_column_sizes("<i8"),
    Kind.FLOAT32: _constant_sizes(_FLOAT),
    Kind.FLOAT64: _constant_sizes(_FLOAT),
    Kind.DATE: lambda column: _STRUCTURE + _integer_sizes(numbers(column, "<i4").astype(np.int64)),
    Kind.TIME: _times,
    Kind.DATETIME: _instants(0),
    Kind.TIMESTAMP: _instants(0),
    Kind.TIMESTAMP_TZ: _instants(_BYTE),
    Kind.DURATION: _durations,
    Kind.POINT: _constant_sizes(_STRUCTURE + 3 + 2 * _FLOAT),
}
