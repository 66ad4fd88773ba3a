"""Neo4j's property type for every kind of column, and how the driver's values are read back. Nothing is lost."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any
from uuid import UUID

from neo4j.spatial import CartesianPoint
from neo4j.time import Date, DateTime, Duration, Time

from core.schema.types import BINARIES, DataType, Kind
from worker.encode.json_text import element_of
from worker.sources.column_types import StoreType, named


def _itself(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Neo4jType(StoreType):
    """A property type; its name is Cypher's. Kinds without a type of their own are strings."""

    stored_as: type = object
    """The driver's class for values of the type."""
    read: Callable[[Any], Any] = _itself
    """Returns Python's value for the driver's; raises ValueError for one that the kind does not have."""


def cypher_type(type_: DataType) -> str:
    """Return the server's name for the property type of a column."""
    return TYPES[type_.kind].name(type_)


def python_value(value: Any, type_: DataType) -> Any:
    """Return a property as the kind's Python class; a property of another type unchanged."""
    if isinstance(value, list):
        return [_element(item, element_of(type_)) for item in value]
    stored = TYPES[type_.kind]
    if not isinstance(value, stored.stored_as):
        return value
    try:
        return stored.read(value)
    except ValueError:
        return f"{value!r}"


def _element(item: Any, type_: DataType) -> Any:
    if type_.kind in BINARIES and isinstance(item, str):
        try:
            return base64.b64decode(item, validate=True)
        except binascii.Error:
            return item
    return python_value(item, type_)


def _list_type(type_: DataType) -> str:
    """Return the type of a list; bytes in it are base64."""
    element = element_of(type_)
    return f"LIST<{'STRING' if element.kind in BINARIES else cypher_type(element)} NOT NULL>"


def _duration(value: Duration) -> int | str:
    if value.months:
        return value.iso_format()
    return (value.days * 86_400 + value.seconds) * 1_000_000 + value.nanoseconds // 1_000


def _local(value: DateTime) -> Any:
    native = value.to_native()
    if native.tzinfo is not None:
        raise ValueError("has a zone")
    return native


def _zoned(value: DateTime) -> Any:
    native = value.to_native()
    if native.tzinfo is None:
        raise ValueError("has no zone")
    return native.astimezone(UTC)


_INTEGER = Neo4jType(name=named("INTEGER"))
_FLOAT = Neo4jType(name=named("FLOAT"))
_STRING = Neo4jType(name=named("STRING"))
_BYTES = Neo4jType(name=named("LIST<INTEGER NOT NULL>"), stored_as=bytearray, read=bytes)
_LOCAL_DATETIME = Neo4jType(name=named("LOCAL DATETIME"), stored_as=DateTime, read=_local)
_DOCUMENT = Neo4jType(name=named("STRING"), stored_as=str, read=json.loads)
_LIST = Neo4jType(name=_list_type)

TYPES: Mapping[Kind, Neo4jType] = {
    Kind.BOOL: Neo4jType(name=named("BOOLEAN")),
    Kind.INT8: _INTEGER,
    Kind.INT16: _INTEGER,
    Kind.INT32: _INTEGER,
    Kind.INT64: _INTEGER,
    Kind.FLOAT32: _FLOAT,
    Kind.FLOAT64: _FLOAT,
    Kind.DECIMAL: _STRING,
    Kind.CHAR: _STRING,
    Kind.VARCHAR: _STRING,
    Kind.TEXT: _STRING,
    Kind.BLOB: _BYTES,
    Kind.BYTES: _BYTES,
    Kind.DATE: Neo4jType(name=named("DATE"), stored_as=Date, read=lambda value: value.to_native()),
    Kind.TIME: Neo4jType(
        name=named("LOCAL TIME"), stored_as=Time, read=lambda value: value.to_native().isoformat("microseconds")
    ),
    Kind.DATETIME: _LOCAL_DATETIME,
    Kind.TIMESTAMP: _LOCAL_DATETIME,
    Kind.TIMESTAMP_TZ: Neo4jType(name=named("ZONED DATETIME"), stored_as=DateTime, read=_zoned),
    Kind.JSON: _DOCUMENT,
    Kind.JSONB: _DOCUMENT,
    Kind.UUID: Neo4jType(name=named("STRING"), stored_as=str, read=UUID),
    Kind.ULID: _STRING,
    Kind.ARRAY: _LIST,
    Kind.ENUM: _STRING,
    Kind.SET: _LIST,
    Kind.DURATION: Neo4jType(name=named("DURATION"), stored_as=Duration, read=_duration),
    Kind.POINT: Neo4jType(
        name=named("POINT"),
        stored_as=CartesianPoint,
        read=lambda value: {"type": "Point", "coordinates": [value.x, value.y]},
    ),
}
