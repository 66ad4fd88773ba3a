"""MongoDB's BSON type for every kind of column: its values for the driver, and what is lost."""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

import pyarrow as pa
from bson.binary import Binary
from bson.decimal128 import Decimal128
from bson.int64 import Int64

from core.schema.checks.mongodb import DECIMAL_DIGITS, INT64
from core.schema.types import DataType, Kind
from worker.encode.by_row import microseconds
from worker.encode.json_text import element_of
from worker.sources.column_types import (
    StoreType,
    large_numbers_as_doubles,
    milliseconds,
    named,
    stored_elements,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MongoDBType(StoreType):
    """A BSON type. The reader needs no entry: the driver decodes a value by the type that the document has."""

    value: Callable[[Any, DataType], Any]
    """Returns the object that the driver encodes as the type, for a generated value."""


def value_of(value: Any, type_: DataType) -> Any:
    """Return the object that the driver encodes as the column's BSON type."""
    return None if value is None else TYPES[type_.kind].value(value, type_)


def _itself(value: Any, _: DataType) -> Any:
    return value


def _has_decimal128(type_: DataType) -> bool:
    return (type_.precision or 0) <= DECIMAL_DIGITS


def _decimal(value: Any, type_: DataType) -> Any:
    return Decimal128(value) if _has_decimal128(type_) else format(value, "f")


def _midnight(value: date, _: DataType) -> datetime:
    return datetime.combine(value, time(), UTC)


def _document(value: str, _: DataType) -> Any:
    return json.loads(value, parse_int=_whole_number)


def _whole_number(digits: str) -> int | float:
    number = int(digits)
    return number if number in INT64 else float(number)


def _array(value: list[Any], type_: DataType) -> list[Any]:
    return [value_of(item, element_of(type_)) for item in value]


def _array_stored(values: pa.Array, type_: DataType) -> pa.Array:
    return stored_elements(values, type_, TYPES)


_INT32 = MongoDBType(name=named("int32"), value=_itself)
_DOUBLE = MongoDBType(name=named("double"), value=_itself)
_STRING = MongoDBType(name=named("string"), value=_itself)
_BINARY = MongoDBType(name=named("binary"), value=lambda value, _: Binary(value))
_DATETIME = MongoDBType(
    name=named("datetime"),
    value=lambda value, _: value.replace(microsecond=value.microsecond // 1000 * 1000),
    stored=milliseconds,
)
_DOCUMENT = MongoDBType(name=named("the value itself"), value=_document, stored=large_numbers_as_doubles(INT64))

TYPES: Mapping[Kind, MongoDBType] = {
    Kind.BOOL: MongoDBType(name=named("boolean"), value=_itself),
    Kind.INT8: _INT32,
    Kind.INT16: _INT32,
    Kind.INT32: _INT32,
    Kind.INT64: MongoDBType(name=named("int64"), value=lambda value, _: Int64(value)),
    Kind.FLOAT32: _DOUBLE,
    Kind.FLOAT64: _DOUBLE,
    Kind.DECIMAL: MongoDBType(name=lambda t: "Decimal128" if _has_decimal128(t) else "string", value=_decimal),
    Kind.CHAR: _STRING,
    Kind.VARCHAR: _STRING,
    Kind.TEXT: _STRING,
    Kind.BLOB: _BINARY,
    Kind.BYTES: _BINARY,
    Kind.DATE: MongoDBType(name=named("datetime at midnight"), value=_midnight),
    Kind.TIME: MongoDBType(name=named("string"), value=lambda value, _: value.isoformat("microseconds")),
    Kind.DATETIME: _DATETIME,
    Kind.TIMESTAMP: _DATETIME,
    Kind.TIMESTAMP_TZ: _DATETIME,
    Kind.JSON: _DOCUMENT,
    Kind.JSONB: _DOCUMENT,
    Kind.UUID: MongoDBType(name=named("binary, subtype 4"), value=lambda value, _: uuid.UUID(bytes=value)),
    Kind.ULID: _STRING,
    Kind.ARRAY: MongoDBType(name=named("array"), value=_array, stored=_array_stored),
    Kind.ENUM: _STRING,
    Kind.SET: MongoDBType(name=named("array"), value=_itself),
    Kind.DURATION: MongoDBType(name=named("int64"), value=lambda value, _: Int64(microseconds(value))),
    Kind.POINT: MongoDBType(
        name=named("GeoJSON point"),
        value=lambda value, _: {"type": "Point", "coordinates": [value["x"], value["y"]]},
    ),
}
