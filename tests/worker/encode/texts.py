"""An independent parser of the texts of CSV, JSON lines and keys."""

import base64
import json
import re
import struct
import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from core.schema.types import DataType, Kind

_INTEGERS = (Kind.INT8, Kind.INT16, Kind.INT32, Kind.INT64)
_NUMBERS = (*_INTEGERS, Kind.FLOAT32, Kind.FLOAT64, Kind.DECIMAL)


def read(text: str, type_: DataType) -> Any:
    """Return the value of a text. NULL, lists and points are not included, because formats differ in them."""
    return _READERS.get(type_.kind, str)(text)


def read_json(value: Any, type_: DataType) -> Any:
    """Return the value of parsed JSON, with `parse_float=Decimal`."""
    kind = type_.kind
    if value is None:
        return None
    if kind in (Kind.ARRAY, Kind.SET):
        return [read_json(item, type_.element or DataType(kind=Kind.TEXT)) for item in value]
    if kind in _NUMBERS:
        assert isinstance(value, int | Decimal), value
        return read(str(value), type_)
    return _JSON_READERS[kind](value) if kind in _JSON_READERS else read(value, type_)


def read_csv(text: str, type_: DataType) -> Any:
    """Return the value of a field. An empty field is NULL; Python's csv module cannot distinguish it from `""`."""
    if not text:
        return None
    if type_.kind in (Kind.ARRAY, Kind.SET):
        return read_json(json.loads(text, parse_float=Decimal), type_)
    if type_.kind is Kind.POINT:
        match = re.fullmatch(r"POINT \((\S+) (\S+)\)", text)
        assert match, text
        return (float(match[1]), float(match[2]))
    return read(text, type_)


def single(value: float) -> float:
    """Return the nearest number of single precision."""
    return float(struct.unpack("f", struct.pack("f", value))[0])


def instant(text: str) -> datetime:
    """Return a timestamp with the zone UTC, written as Z."""
    assert text.endswith("Z"), text
    return datetime.fromisoformat(text)


def _duration(text: str) -> timedelta:
    match = re.fullmatch(r"(-?)PT(\d+)\.(\d{6})S", text)
    assert match, text
    size = timedelta(seconds=int(match[2]), microseconds=int(match[3]))
    return -size if match[1] else size


def _truth(value: Any) -> bool:
    assert isinstance(value, bool), value
    return value


def _point(value: Any) -> tuple[float, ...]:
    assert value["type"] == "Point"
    return tuple(float(axis) for axis in value["coordinates"])


def _with_floats(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list):
        return [_with_floats(item) for item in value]
    if isinstance(value, dict):
        return {key: _with_floats(item) for key, item in value.items()}
    return value


_READERS: Mapping[Kind, Callable[[str], Any]] = {
    Kind.BOOL: {"true": True, "false": False}.__getitem__,
    **dict.fromkeys(_INTEGERS, int),
    Kind.FLOAT32: lambda text: single(float(text)),
    Kind.FLOAT64: float,
    Kind.DECIMAL: Decimal,
    Kind.BLOB: lambda text: base64.b64decode(text, validate=True),
    Kind.BYTES: lambda text: base64.b64decode(text, validate=True),
    Kind.DATE: date.fromisoformat,
    Kind.TIME: time.fromisoformat,
    Kind.DATETIME: datetime.fromisoformat,
    Kind.TIMESTAMP: lambda text: instant(text).replace(tzinfo=None),
    Kind.TIMESTAMP_TZ: instant,
    Kind.UUID: uuid.UUID,
    Kind.DURATION: _duration,
    Kind.JSON: json.loads,
    Kind.JSONB: json.loads,
}
_JSON_READERS: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.BOOL: _truth,
    Kind.JSON: _with_floats,
    Kind.JSONB: _with_floats,
    Kind.POINT: _point,
}
