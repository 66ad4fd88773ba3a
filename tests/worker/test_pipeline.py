"""The load pipeline: how rows are divided into batches, and what is counted."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ServerError
from core.plan import Shard
from core.schema.file import parse_schema
from core.stores import CSV
from worker import pipeline as load
from worker.generate import Dataset
from worker.pipeline import load_shard, remove_shard
from worker.result.counters import Counters
from worker.sources.base import BatchReceipt, KeyRange

SCHEMA = """
tables:
  - {name: numbers, primary_key: id, columns: [{name: id, data_type: integer}]}
  - {name: keys, primary_key: id, columns: [{name: id, data_type: uuid}]}
"""
ROWS = 200
DATASET = Dataset(parse_schema(SCHEMA, "made.yaml"), 42, ROWS, datetime(2026, 1, 1, tzinfo=UTC))


class Values:
    """Rows in the format of `Memory`: a list of values."""

    def __init__(self, values):
        self.values = values

    def __len__(self):
        return len(self.values)

    def part(self, first, stop):
        assert 0 <= first < stop <= len(self.values)
        return Values(self.values[first:stop])


class Memory:
    """A source that stores each batch as a list and refuses the batch with the number `refused`."""

    capabilities = CSV

    def __init__(self, refused=None):
        self.batches: list[list[object]] = []
        self.chunks: list[int] = []
        self.removed: list[object] = []
        self._refused = refused

    @contextmanager
    def sink(self, *_) -> Iterator["Memory"]:
        yield self

    def encode(self, batch: pa.RecordBatch) -> Values:
        self.chunks.append(batch.num_rows)
        return Values(batch.column(0).to_pylist())

    def send(self, pieces):
        if len(self.batches) == self._refused:
            raise ServerError("no more")
        self.batches.append([value for piece in pieces for value in piece.values])
        return BatchReceipt(bytes=8 * len(self.batches[-1]), commit_seconds=0.0)

    def remove(self, _, keys):
        self.removed.append(keys)


def loaded(first_row, rows, batch_size, chunk_rows, source=None):
    source, counters = source or Memory(), Counters(total_rows=rows)
    counters.begin_load()
    before = load.CHUNK_ROWS
    load.CHUNK_ROWS = chunk_rows
    try:
        load_shard(
            source,
            DATASET.table("numbers"),
            Shard(table="numbers", seed=42, first_row=first_row, rows=rows),
            "bulk",
            batch_size,
            counters,
        )
    finally:
        load.CHUNK_ROWS = before
    return source, counters


@given(
    first_row=st.integers(0, 50),
    rows=st.integers(1, 120),
    batch_size=st.integers(1, 130),
    chunk_rows=st.integers(1, 40),
)
def test_rows_are_sent_in_order_for_any_chunk_size(first_row, rows, batch_size, chunk_rows):
    source, counters = loaded(first_row, rows, batch_size, chunk_rows)
    sent = [value for batch in source.batches for value in batch]
    assert sent == list(range(first_row + 1, first_row + rows + 1))
    assert [len(batch) for batch in source.batches[:-1]] == [batch_size] * (len(source.batches) - 1)
    assert 1 <= len(source.batches[-1]) <= batch_size
    assert max(source.chunks) <= max(chunk_rows, 1)
    assert (counters.rows, counters.batches, counters.bytes) == (rows, len(source.batches), 8 * rows)


def test_batch_larger_than_chunk_is_sent_as_one():
    source, _ = loaded(0, 100, 1000, 16)
    assert [len(batch) for batch in source.batches] == [100]
    assert source.chunks == [16] * 6 + [4]


def test_first_chunk_has_one_batch_and_others_whole_batches():
    source, _ = loaded(0, 100, 7, 16)
    assert source.chunks == [7, *[14] * 6, 9]


def test_unacknowledged_batches_are_not_counted():
    source: Any = Memory(refused=3)
    counters = Counters(total_rows=100)
    counters.begin_load()
    shard = Shard(table="numbers", seed=42, first_row=0, rows=100)
    with pytest.raises(ServerError, match="no more"):
        load_shard(source, DATASET.table("numbers"), shard, "bulk", 10, counters)
    assert (counters.rows, counters.batches, counters.bytes) == (30, 3, 240)
    assert sum(counters.timeline) == 30


def test_waiting_for_rows_is_not_sending(monkeypatch):
    slow = load._chunks

    def chunks(*arguments):
        for chunk in slow(*arguments):
            time.sleep(0.05)
            yield chunk

    monkeypatch.setattr(load, "_chunks", chunks)
    _, counters = loaded(0, 20, 10, 10)
    phases = counters.phases()
    assert phases.wait >= 90
    assert phases.send < phases.wait
    assert counters.latencies.percentile(50) < phases.wait / 2


def test_time_is_counted_per_phase():
    _, counters = loaded(0, 100, 10, 16)
    phases = counters.phases()
    assert phases.generate > 0
    assert phases.encode > 0
    assert phases.send > 0


def test_remove_shard_uses_ranges_of_consecutive_keys(monkeypatch):
    monkeypatch.setattr(load, "CHUNK_ROWS", 40)
    source: Any = Memory()
    remove_shard(source, DATASET.table("numbers"), Shard(table="numbers", seed=42, first_row=10, rows=100))
    # Row 0 has the key 1.
    assert source.removed == [KeyRange(11, 50), KeyRange(51, 90), KeyRange(91, 110)]


def test_remove_shard_uses_single_keys_otherwise():
    source: Any = Memory()
    remove_shard(source, DATASET.table("keys"), Shard(table="keys", seed=43, first_row=10, rows=20))
    (keys,) = source.removed
    assert keys.to_pylist() == DATASET.table("keys").batch(10, 20).column(0).to_pylist()
