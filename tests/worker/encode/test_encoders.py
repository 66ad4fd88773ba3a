"""Properties of every encoder: the bytes of a row depend on the row alone."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from core.schema.model import Table
from testkit.postgres_text import PostgresTextEncoder
from tests.worker.encode import samples
from worker.encode.bson import BsonEncoder
from worker.encode.csv import CsvEncoder
from worker.encode.encoder import KeyEncoder
from worker.encode.json_text import NdjsonEncoder
from worker.encode.mysql import MysqlTextEncoder
from worker.encode.postgres import PostgresBinaryEncoder
from worker.encode.rows import Rows

ENCODERS = [
    BsonEncoder, CsvEncoder, KeyEncoder, MysqlTextEncoder, NdjsonEncoder, PostgresBinaryEncoder, PostgresTextEncoder,
]  # fmt: skip
Encode = Callable[[pa.RecordBatch], Rows]


@pytest.fixture(params=ENCODERS, ids=lambda encoder: encoder.__name__)
def encoder(request: pytest.FixtureRequest) -> Callable[[Table], Any]:
    given: Callable[[Table], Any] = request.param
    return given


@pytest.mark.parametrize("nulls", [False, True])
@pytest.mark.parametrize("size", [7, 66])
def test_row_bytes_do_not_depend_on_batch(encoder: Callable[[Table], Any], nulls: bool, size: int) -> None:
    table = samples.table()
    batch = samples.batch(table, nulls)
    encode: Encode = encoder(table).encode
    whole = encode(batch).cut()
    slices = [encode(batch.slice(first, size)).cut() for first in range(0, samples.ROWS, size)]
    assert [row for rows in slices for row in rows] == whole


def test_row_bytes_do_not_depend_on_nulls_elsewhere(encoder: Callable[[Table], Any]) -> None:
    table = samples.table()
    full = samples.batch(table, nulls=False)
    key, *columns = full.columns
    with_null = [pa.concat_arrays([column[:20], pa.nulls(1, column.type), column[21:]]) for column in columns]
    batch = pa.RecordBatch.from_arrays([key, *with_null], schema=full.schema)
    before, after = encoder(table).encode(full).cut(), encoder(table).encode(batch).cut()
    assert before[:20] + before[21:] == after[:20] + after[21:]


def test_zero_rows_have_zero_bytes(encoder: Callable[[Table], Any]) -> None:
    table = samples.table()
    rows = encoder(table).encode(samples.batch(table, nulls=True).slice(0, 0))
    assert (len(rows), rows.nbytes, bytes(rows.data)) == (0, 0, b"")


def test_columns_are_selected_by_name(encoder: Callable[[Table], Any]) -> None:
    table = samples.table()
    batch = samples.batch(table, nulls=True)
    backwards = batch.select(batch.schema.names[::-1])
    assert encoder(table).encode(backwards).cut() == encoder(table).encode(batch).cut()


def test_parts_contain_their_rows_without_copy(encoder: Callable[[Table], Any]) -> None:
    table = samples.table()
    rows = encoder(table).encode(samples.batch(table, nulls=True))
    whole = rows.cut()
    parts = [rows.part(0, 10), rows.part(10, 11), rows.part(11, samples.ROWS)]
    assert [len(part) for part in parts] == [10, 1, samples.ROWS - 11]
    assert [row for part in parts for row in part.cut()] == whole
    assert b"".join(bytes(part.data) for part in parts) == bytes(rows.data)
    assert sum(part.nbytes for part in parts) == rows.nbytes == int(rows.ends[-1])
    assert np.shares_memory(np.frombuffer(parts[1].data, np.uint8), np.frombuffer(rows.data, np.uint8))
