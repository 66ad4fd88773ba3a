"""BSON documents (bsonspec.org, version 1.1), encoded in whole columns: the same bytes as from `bson.encode`.

The primary key is stored as `_id`, first, so that a row loaded twice is one document. Types and their losses:

| type | BSON |
|---|---|
| int8, int16, int32; int64 | int32; int64 |
| float32, float64 | double |
| decimal | Decimal128 to 34 digits; above that the text of all digits |
| date, datetime, timestamp, timestamp_tz | UTC datetime in milliseconds; microseconds are cut off |
| time | text, 17:20:49.400513 |
| duration | int64 microseconds |
| uuid; blob, bytes | binary of subtype 4; 0 |
| json, jsonb | the value itself |
| array, set | array |
| point | GeoJSON |
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from bson import encode as encode_document

from core.schema.checks.mongodb import DECIMAL_DIGITS, INT64
from core.schema.model import Column, Table
from core.schema.types import BINARIES, DOCUMENTS, STRINGS, TIMESTAMPS, DataType, Kind
from worker.encode import text
from worker.encode.columns import (
    Piece,
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
)
from worker.encode.json_text import element_of
from worker.encode.rows import Rows

_DOUBLE, _STRING, _DOCUMENT, _ARRAY, _BINARY, _BOOL, _DATETIME, _NULL, _INT32, _INT64, _DECIMAL128 = (
    bytes([code]) for code in (0x01, 0x02, 0x03, 0x04, 0x05, 0x08, 0x09, 0x0A, 0x10, 0x12, 0x13)
)  # fmt: skip
_MILLISECONDS_A_DAY = 86_400_000
_DECIMAL128_BIAS = 6176

Value = tuple[Piece, Sequence[Piece]]
"""The BSON code of a value's type, and the encoded value."""
Writer = Callable[[Any, DataType], Value]


def _size(number: int) -> bytes:
    return number.to_bytes(4, "little")


def _document(elements: Sequence[Piece], rows: int) -> list[Piece]:
    """Return a document, or the value of an array: the size, the elements and a zero byte."""
    return [block(lengths(elements, rows) + 5, "<i4"), *elements, b"\0"]


def _element(name: Sequence[Piece], column: Any, type_: DataType) -> Sequence[Piece]:
    """Return the element of each row: code, name and value. A null has its own code and no value."""
    code, value = _WRITERS[type_.kind](column, type_)
    present = keep_nulls([code, *name, b"\0", *value], column)
    if not column.null_count:
        return present
    return [pc.coalesce(*present, join([_NULL, *name, b"\0"], len(column)))]


def _numbers(code: bytes, stored: str, sent: str) -> Writer:
    return lambda column, _: (code, [block(numbers(column, stored), sent)])


def _booleans(column: Any, _: DataType) -> Value:
    return _BOOL, [block(booleans_of(column), "u1")]


def _strings(column: Any, _: DataType) -> Value:
    return _STRING, [block(lengths_of(column) + 1, "<i4"), column, b"\0"]


def _binaries(column: Any, _: DataType) -> Value:
    return _BINARY, [block(lengths_of(column), "<i4"), b"\x00", column]


def _uuids(column: Any, _: DataType) -> Value:
    return _BINARY, [_size(16) + b"\x04", fixed(column)]


def _dates(column: Any, _: DataType) -> Value:
    return _DATETIME, [block(numbers(column, "<i4").astype(np.int64) * _MILLISECONDS_A_DAY, "<i8")]


def _datetimes(column: Any, _: DataType) -> Value:
    return _DATETIME, [block(numbers(column, "<i8") // 1000, "<i8")]


def _times(column: Any, type_: DataType) -> Value:
    return _STRING, [_size(16), *text.times(column, type_), b"\0"]


def _decimals(column: Any, type_: DataType) -> Value:
    if (type_.precision or 1) > DECIMAL_DIGITS:
        return _strings(join(text.by_polars(column, type_), len(column)), type_)
    negative, low, high = magnitudes(column)
    exponent = np.uint64((_DECIMAL128_BIAS - (type_.scale or 0)) << 49)
    return _DECIMAL128, [block(low, "<u8"), block(high | exponent | negative.astype(np.uint64) << np.uint64(63), "<u8")]


def _points(column: Any, _: DataType) -> Value:
    rows = len(column)
    x, y = (block(numbers(column.field(axis), "<f8"), "<f8") for axis in (0, 1))
    kind = _STRING + b"type\0" + _size(6) + b"Point\0"
    place = _document([_DOUBLE + b"0\0", x, _DOUBLE + b"1\0", y], rows)
    return _DOCUMENT, _document([kind + _ARRAY + b"coordinates\0", *place], rows)


def _arrays(column: Any, type_: DataType) -> Value:
    elements, counts = column.flatten(), list_lengths(column)
    places = np.arange(len(elements)) - np.repeat(np.cumsum(counts) - counts, counts)
    encoded = _element([pa.array(places).cast(pa.string())], elements, element_of(type_))
    return _ARRAY, _document([join_lists(column, join(encoded, len(elements)), b"")], len(column))


def _json_values(column: Any, _: DataType) -> Value:
    """Return the values of JSON texts; each distinct text is parsed once."""
    distinct = column.dictionary_encode()
    values = [_json_value(document) for document in distinct.dictionary.to_pylist()]
    codes, contents = ([value[part] for value in values] for part in (0, 1))
    return (
        pa.array(codes, pa.binary()).take(distinct.indices),
        [pa.array(contents, pa.binary()).take(distinct.indices)],
    )


def _json_value(document: str) -> tuple[bytes, bytes]:
    """Return the BSON type code and the value of a JSON text; a whole number beyond int64 becomes a double."""
    element = encode_document({"": json.loads(document, parse_int=_whole_number)})[4:-1]
    return element[:1], element[2:]


def _whole_number(digits: str) -> int | float:
    number = int(digits)
    return number if number in INT64 else float(number)


_WRITERS: Mapping[Kind, Writer] = {
    Kind.BOOL: _booleans,
    Kind.INT8: _numbers(_INT32, "i1", "<i4"),
    Kind.INT16: _numbers(_INT32, "<i2", "<i4"),
    Kind.INT32: _numbers(_INT32, "<i4", "<i4"),
    Kind.INT64: _numbers(_INT64, "<i8", "<i8"),
    Kind.FLOAT32: _numbers(_DOUBLE, "<f4", "<f8"),
    Kind.FLOAT64: _numbers(_DOUBLE, "<f8", "<f8"),
    Kind.DECIMAL: _decimals,
    **dict.fromkeys(STRINGS, _strings),
    **dict.fromkeys(DOCUMENTS, _json_values),
    **dict.fromkeys(BINARIES, _binaries),
    Kind.UUID: _uuids,
    Kind.DATE: _dates,
    Kind.TIME: _times,
    **dict.fromkeys(TIMESTAMPS, _datetimes),
    Kind.DURATION: _numbers(_INT64, "<i8", "<i8"),
    Kind.ARRAY: _arrays,
    Kind.SET: _arrays,
    Kind.POINT: _points,
}


class BsonEncoder:
    """Encode the rows of a table as BSON documents, `_id` first; `Rows.cut()` returns one `bytes` per document."""

    def __init__(self, table: Table) -> None:
        key = table.key
        self._columns: list[tuple[bytes, Column]] = [(b"_id", key)]
        self._columns += [(column.name.encode(), column) for column in table.columns if column.name != key.name]

    def encode(self, batch: Any) -> Rows:
        """Return the documents of an Arrow record batch that has the table's columns, in any order.

        Raises pyarrow.ArrowInvalid or PlanError if they need 2 GiB or more.
        """
        elements: list[Piece] = []
        for name, column in self._columns:
            elements += _element([name], batch.column(column.name), column.type)
        return Rows.of(join(_document(elements, batch.num_rows), batch.num_rows))
