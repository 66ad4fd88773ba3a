"""The text of every kind of column in CSV. Nothing is lost."""

from collections.abc import Mapping

from core.schema.types import Kind
from worker.sources.column_types import StoreType, named

_DIGITS, _TEXT, _BASE64, _ISO_8601 = (StoreType(name=named(name)) for name in ("digits", "text", "base64", "ISO 8601"))
_FLOAT = StoreType(name=named("shortest digits"))
_JSON = StoreType(name=named("JSON"))

TYPES: Mapping[Kind, StoreType] = {
    Kind.BOOL: StoreType(name=named("true, false")),
    Kind.INT8: _DIGITS,
    Kind.INT16: _DIGITS,
    Kind.INT32: _DIGITS,
    Kind.INT64: _DIGITS,
    Kind.FLOAT32: _FLOAT,
    Kind.FLOAT64: _FLOAT,
    Kind.DECIMAL: _DIGITS,
    Kind.CHAR: _TEXT,
    Kind.VARCHAR: _TEXT,
    Kind.TEXT: _TEXT,
    Kind.BLOB: _BASE64,
    Kind.BYTES: _BASE64,
    Kind.DATE: _ISO_8601,
    Kind.TIME: _ISO_8601,
    Kind.DATETIME: _ISO_8601,
    Kind.TIMESTAMP: _ISO_8601,
    Kind.TIMESTAMP_TZ: _ISO_8601,
    Kind.JSON: _JSON,
    Kind.JSONB: _JSON,
    Kind.UUID: _TEXT,
    Kind.ULID: _TEXT,
    Kind.ARRAY: _JSON,
    Kind.ENUM: _TEXT,
    Kind.SET: _JSON,
    Kind.DURATION: _ISO_8601,
    Kind.POINT: StoreType(name=named("WKT")),
}
