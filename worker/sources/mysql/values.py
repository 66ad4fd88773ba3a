"""Columns as values that the MySQL driver binds."""

import struct
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa

from core.schema.model import Column
from core.schema.types import DataType, Kind
from worker.encode.by_row import json_value, microseconds

_SRID_0_LITTLE_ENDIAN_POINT = bytes(4) + b"\x01\x01" + bytes(3)


def parameters(column: Column, values: pa.Array) -> list[Any]:
    """One Python object a row; what MySQL has no type for goes as the server's text or bytes for it."""
    bind = _BOUND.get(column.type.kind)
    objects = values.to_pylist()
    return objects if bind is None else [None if item is None else bind(item, column.type) for item in objects]


def _point(value: dict[str, float], _: DataType) -> bytes:
    return _SRID_0_LITTLE_ENDIAN_POINT + struct.pack("<dd", value["x"], value["y"])


_BOUND: Mapping[Kind, Callable[[Any, DataType], Any]] = {
    Kind.TIMESTAMP_TZ: lambda value, _: value.replace(tzinfo=None),
    Kind.ARRAY: json_value,
    Kind.SET: lambda value, _: ",".join(value),
    Kind.DURATION: lambda value, _: microseconds(value),
    Kind.POINT: _point,
}
