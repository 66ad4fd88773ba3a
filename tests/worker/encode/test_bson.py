"""BSON documents, compared byte for byte with those of the driver."""

from datetime import UTC, datetime
from typing import Any

import bson
import pytest
from bson.codec_options import CodecOptions
from bson.int64 import Int64

from core.schema.model import Table
from tests.worker.encode import samples
from tests.worker.encode.bson_values import OPTIONS, expected
from worker.encode.bson import BsonEncoder

_AWARE: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)


@pytest.mark.parametrize("nulls", [False, True])
def test_documents_equal_those_of_driver(nulls: bool) -> None:
    table = samples.table()
    batch = samples.batch(table, nulls, without_nul=False)
    types = {column.name: column.type for column in table.columns}
    for document, row in zip(BsonEncoder(table).encode(batch).cut(), batch.to_pylist(), strict=True):
        given = {"_id": expected(row.pop("id"), types["id"])}
        given |= {name: expected(value, types[name]) for name, value in row.items()}
        assert bson.decode(document, OPTIONS) == bson.decode(bson.encode(given, codec_options=OPTIONS), OPTIONS)
        assert document == bson.encode(given, codec_options=OPTIONS)


def test_primary_key_is_first_element() -> None:
    columns = samples.table(["i32", "uid"]).columns
    table = Table(name="t", primary_key="uid", columns=columns)
    batch = samples.batch(samples.table(["i32", "uid"]), nulls=False)
    first = bson.decode(BsonEncoder(table).encode(batch).cut()[0], OPTIONS)
    assert list(first) == ["_id", "id", "i32"]
    assert first["_id"] == samples.UUIDS[0]


def test_long_array_numbers_elements_in_decimal() -> None:
    table = samples.table(["list_i32"])
    batch = samples.batch_of(table, {"id": [1, 2], "list_i32": [list(range(120)), [7]]})
    documents = BsonEncoder(table).encode(batch).cut()
    assert documents[0] == bson.encode({"_id": Int64(1), "list_i32": list(range(120))})
    assert documents[1] == bson.encode({"_id": Int64(2), "list_i32": [7]})


def test_microseconds_before_1970_are_cut_off() -> None:
    table = samples.table(["instant"])
    batch = samples.batch_of(table, {"id": [1], "instant": [datetime(1969, 12, 31, 23, 59, 59, 999999, UTC)]})
    found = bson.decode(BsonEncoder(table).encode(batch).cut()[0], _AWARE)
    assert found["instant"] == datetime(1969, 12, 31, 23, 59, 59, 999000, UTC)
