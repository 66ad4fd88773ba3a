"""BSON, byte for byte against the driver's own encoder."""

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time
from typing import Any

import bson
import pytest
from bson.binary import Binary, UuidRepresentation
from bson.codec_options import CodecOptions
from bson.decimal128 import Decimal128
from bson.int64 import Int64

from spec.schema import Table
from spec.types import DataType, Kind
from tests.worker.encode import samples
from worker.encode.bson import BsonEncoder

_OPTIONS: CodecOptions[dict[str, Any]] = CodecOptions(uuid_representation=UuidRepresentation.STANDARD)

_AWARE: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)


def _expected(value: Any, type_: DataType) -> Any:
    """What a program would give the driver for an Arrow value."""
    if value is None or type_.kind not in _GIVEN:
        return value
    return _GIVEN[type_.kind](value, type_)


def _to_the_millisecond(value: datetime, _: DataType) -> datetime:
    return value.replace(microsecond=value.microsecond // 1000 * 1000)


def _json(value: str, _: DataType) -> Any:
    return json.loads(value, parse_int=lambda text: int(text) if len(text) < 19 else float(text))


def _array(value: list[Any], type_: DataType) -> Any:
    assert type_.element is not None
    return [_expected(item, type_.element) for item in value]


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


@pytest.mark.parametrize("nulls", [False, True])
def test_is_what_the_driver_encodes(nulls: bool) -> None:
    table = samples.table()
    batch = samples.batch(table, nulls, without_nul=False)
    types = {column.name: column.type for column in table.columns}
    for document, row in zip(BsonEncoder(table).encode(batch).cut(), batch.to_pylist(), strict=True):
        expected = {"_id": _expected(row.pop("id"), types["id"])}
        expected |= {name: _expected(value, types[name]) for name, value in row.items()}
        assert bson.decode(document, _OPTIONS) == bson.decode(bson.encode(expected, codec_options=_OPTIONS), _OPTIONS)
        assert document == bson.encode(expected, codec_options=_OPTIONS)


def test_the_primary_key_is_the_first_element_wherever_its_column_is() -> None:
    columns = samples.table(["i32", "uid"]).columns
    table = Table(name="t", primary_key="uid", columns=columns)
    batch = samples.batch(samples.table(["i32", "uid"]), nulls=False)
    first = bson.decode(BsonEncoder(table).encode(batch).cut()[0], _OPTIONS)
    assert list(first) == ["_id", "id", "i32"]
    assert first["_id"] == samples.UUIDS[0]


def test_a_long_array_counts_its_elements_in_decimal() -> None:
    table = samples.table(["list_i32"])
    batch = samples.batch_of(table, {"id": [1, 2], "list_i32": [list(range(120)), [7]]})
    documents = BsonEncoder(table).encode(batch).cut()
    assert documents[0] == bson.encode({"_id": Int64(1), "list_i32": list(range(120))})
    assert documents[1] == bson.encode({"_id": Int64(2), "list_i32": [7]})


def test_what_is_finer_than_a_millisecond_is_cut_off_before_1970_too() -> None:
    table = samples.table(["instant"])
    batch = samples.batch_of(table, {"id": [1], "instant": [datetime(1969, 12, 31, 23, 59, 59, 999999, UTC)]})
    found = bson.decode(BsonEncoder(table).encode(batch).cut()[0], _AWARE)
    assert found["instant"] == datetime(1969, 12, 31, 23, 59, 59, 999000, UTC)
