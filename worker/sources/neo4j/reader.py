"""Nodes read back: the driver's values as Python's own."""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC
from itertools import islice
from typing import Any
from uuid import UUID

import pyarrow as pa
from neo4j.spatial import CartesianPoint
from neo4j.time import Date, DateTime, Duration, Time

from core.schema.model import Table
from core.schema.types import BINARIES, DOCUMENTS, TIMESTAMPS, DataType, Kind
from worker.encode.json_text import element_of
from worker.sources.objects_text import texts_of

_NODES = 4_096


def read(records: Iterable[Any], table: Table) -> Iterator[pa.RecordBatch]:
    """Batches of rows from records of one node each; a null is no property."""
    types = {column.name: column.type for column in table.columns}
    remaining = iter(records)
    while nodes := [record[0] for record in islice(remaining, _NODES)]:
        yield texts_of([_row(dict(node), types) for node in nodes], table)


def _row(properties: Mapping[str, Any], types: Mapping[str, DataType]) -> dict[str, Any]:
    known = {name: _value(properties.get(name), type_) for name, type_ in types.items()}
    return {**properties, **known}


def _value(value: Any, type_: DataType) -> Any:
    """The value as the type's Python class, if it is what is stored for the type; else itself."""
    if isinstance(value, list):
        return [_element(item, element_of(type_)) for item in value]
    stored, read_ = _READERS.get(type_.kind, (object, _itself))
    if not isinstance(value, stored):
        return value
    try:
        return read_(value)
    except ValueError:
        return f"{value!r}"


def _element(item: Any, type_: DataType) -> Any:
    if type_.kind in BINARIES and isinstance(item, str):
        try:
            return base64.b64decode(item, validate=True)
        except binascii.Error:
            return item
    return _value(item, type_)


def _itself(value: Any) -> Any:
    return value


def _duration(value: Duration) -> int | str:
    if value.months:
        return value.iso_format()
    return (value.days * 86_400 + value.seconds) * 1_000_000 + value.nanoseconds // 1_000


def _instant(value: DateTime) -> Any:
    native = value.to_native()
    return native if native.tzinfo is None else native.astimezone(UTC)


_READERS: Mapping[Kind, tuple[type, Callable[[Any], Any]]] = {
    Kind.UUID: (str, UUID),
    **dict.fromkeys(DOCUMENTS, (str, json.loads)),
    **dict.fromkeys(BINARIES, (bytearray, bytes)),
    Kind.DATE: (Date, lambda value: value.to_native()),
    Kind.TIME: (Time, lambda value: value.to_native().isoformat("microseconds")),
    **dict.fromkeys(TIMESTAMPS, (DateTime, _instant)),
    Kind.DURATION: (Duration, _duration),
    Kind.POINT: (CartesianPoint, lambda value: {"type": "Point", "coordinates": [value.x, value.y]}),
}
