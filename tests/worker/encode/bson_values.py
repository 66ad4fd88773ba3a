"""Convert Arrow values to the objects that the MongoDB driver returns for them."""

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, time
from typing import Any

from bson.binary import Binary, UuidRepresentation
from bson.codec_options import CodecOptions
from bson.decimal128 import Decimal128
from bson.int64 import Int64

from core.schema.types import DataType, Kind

OPTIONS: CodecOptions[dict[str, Any]] = CodecOptions(uuid_representation=UuidRepresentation.STANDARD)


def expected(value: Any, type_: DataType) -> Any:
    """Return the driver's object for an Arrow value."""
    if value is None or type_.kind not in _GIVEN:
        return value
    return _GIVEN[type_.kind](value, type_)


def _to_the_millisecond(value: datetime, _: DataType) -> datetime:
    return value.replace(microsecond=value.microsecond // 1000 * 1000)


def _json(value: str, _: DataType) -> Any:
    return json.loads(value, parse_int=lambda text: int(text) if len(text) < 19 else float(text))


def _array(value: list[Any], type_: DataType) -> Any:
    assert type_.element is not None
    return [expected(item, type_.element) for item in value]


_GIVEN: Mapping[Kind, Callable[[Any, DataType], Any]] = {
    Kind.INT64: lambda value, _: Int64(value),
    Kind.DECIMAL: lambda value, type_: Decimal128(value) if (type_.precision or 0) <= 34 else format(value, "f"),
    Kind.UUID: lambda value, _: uuid.UUID(bytes=value),
    Kind.BLOB: lambda value, _: Binary(value),
    Kind.BYTES: lambda value, _: Binary(value),
    Kind.DATE: lambda value, _: datetime.combine(value, time()),
    Kind.TIME: lambda value, _: value.isoformat("microseconds"),
    **dict.fromkeys((Kind.DATETIME, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ), _to_the_millisecond),
    Kind.DURATION: lambda value, _: Int64((value.days * 86400 + value.seconds) * 10**6 + value.microseconds),
    **dict.fromkeys((Kind.JSON, Kind.JSONB), _json),
    Kind.POINT: lambda value, _: {"type": "Point", "coordinates": [value["x"], value["y"]]},
    Kind.ARRAY: _array,
}
