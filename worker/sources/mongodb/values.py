"""Documents one at a time, for `method: insert`: Python objects, encoded by the driver."""

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

import bson
import pyarrow as pa
from bson.binary import Binary, UuidRepresentation
from bson.codec_options import CodecOptions
from bson.decimal128 import Decimal128
from bson.int64 import Int64

from core.schema.model import Table
from core.schema.types import BINARIES, DOCUMENTS, TIMESTAMPS, DataType, Kind
from worker.encode.by_row import microseconds

_OPTIONS: "CodecOptions[dict[str, Any]]" = CodecOptions(uuid_representation=UuidRepresentation.STANDARD)
_DECIMAL128_DIGITS = 34
_INT64 = range(-(2**63), 2**63)


class DocumentByRow:
    """Rows of a table as BSON documents, `_id` first: the bytes of the columnar encoder."""

    def __init__(self, table: Table) -> None:
        self._columns = [("_id", table.key)]
        self._columns += [(column.name, column) for column in table.columns if column.name != table.primary_key]

    def encode(self, batch: pa.RecordBatch) -> list[bytes]:
        """One document a row."""
        columns = [batch.column(column.name).to_pylist() for _, column in self._columns]
        names = [(name, column.type) for name, column in self._columns]
        return [
            bson.encode(
                {name: value_of(value, type_) for (name, type_), value in zip(names, row, strict=True)},
                codec_options=_OPTIONS,
            )
            for row in zip(*columns, strict=True)
        ]


def value_of(value: Any, type_: DataType) -> Any:
    """The object that the driver encodes as the column's BSON type."""
    if value is None or type_.kind not in _OBJECTS:
        return value
    return _OBJECTS[type_.kind](value, type_)


def _decimal(value: Any, type_: DataType) -> Any:
    return Decimal128(value) if (type_.precision or 0) <= _DECIMAL128_DIGITS else format(value, "f")


def _whole_number(digits: str) -> int | float:
    number = int(digits)
    return number if number in _INT64 else float(number)


def _array(value: list[Any], type_: DataType) -> list[Any]:
    element = type_.element or DataType(kind=Kind.TEXT)
    return [value_of(item, element) for item in value]


def _midnight(value: date, _: DataType) -> datetime:
    return datetime.combine(value, time(), UTC)


_OBJECTS: Mapping[Kind, Callable[[Any, DataType], Any]] = {
    Kind.INT64: lambda value, _: Int64(value),
    Kind.DECIMAL: _decimal,
    Kind.UUID: lambda value, _: uuid.UUID(bytes=value),
    **dict.fromkeys(BINARIES, lambda value, _: Binary(value)),
    Kind.DATE: _midnight,
    Kind.TIME: lambda value, _: value.isoformat("microseconds"),
    **dict.fromkeys(TIMESTAMPS, lambda value, _: value.replace(microsecond=value.microsecond // 1000 * 1000)),
    Kind.DURATION: lambda value, _: Int64(microseconds(value)),
    **dict.fromkeys(DOCUMENTS, lambda value, _: json.loads(value, parse_int=_whole_number)),
    Kind.POINT: lambda value, _: {"type": "Point", "coordinates": [value["x"], value["y"]]},
    Kind.ARRAY: _array,
}
