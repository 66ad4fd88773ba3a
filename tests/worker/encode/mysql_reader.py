"""Values that PyMySQL reads, and values that MySQL can store, in a comparable form."""

import json
import struct
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from core.schema.model import Column
from core.schema.types import DataType, Kind
from tests.worker.encode.texts import read_json


def selected(column: Column) -> str:
    """Return the column for a SELECT. MySQL prints a plain float with six digits only."""
    return f"`{column.name}` + 0E0" if column.type.kind is Kind.FLOAT32 else f"`{column.name}`"


def read(value: Any, type_: DataType) -> Any:
    """Return a value of the driver in a comparable form."""
    if value is None:
        return None
    if type_.kind is Kind.ARRAY:
        return held(read_json(json.loads(value, parse_float=Decimal), type_), type_)
    return _READERS.get(type_.kind, lambda given: given)(value)


def held(value: Any, type_: DataType) -> Any:
    """Return a value as the server can store it: a set has no order, and a JSON number is a double."""
    if value is None:
        return None
    if type_.kind is Kind.SET:
        return set(value)
    if type_.kind is Kind.ARRAY and type_.element is not None:
        numbers = type_.element.kind is Kind.DECIMAL
        return [float(item) if item is not None and numbers else held(item, type_.element) for item in value]
    if type_.kind in (Kind.JSON, Kind.JSONB) and isinstance(value, int) and value > 2**64:
        return float(value)
    return value


_READERS: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.TIME: lambda value: (datetime(2000, 1, 1, tzinfo=UTC) + value).time(),
    Kind.TIMESTAMP_TZ: lambda value: value.replace(tzinfo=UTC),
    Kind.JSON: json.loads,
    Kind.JSONB: json.loads,
    Kind.UUID: lambda value: uuid.UUID(bytes=value),
    Kind.DURATION: lambda value: timedelta(microseconds=value),
    Kind.POINT: lambda value: struct.unpack("<dd", value[-16:]),
    Kind.SET: lambda value: set(value.split(",")) if value else set(),
}
