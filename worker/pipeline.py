"""The load pipeline: generate columns, encode them, and send them in batches. Another thread prepares the next chunks.

A chunk is the unit of generating and encoding, a batch the unit of commit. One chunk may contain many small batches, cut at row
ends, and one large batch may need many chunks. So memory depends on neither the batch size nor the number of rows.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any, cast

import pyarrow as pa

from core.errors import ServerError
from core.options import OnExisting
from core.plan import LoadPlan, Shard
from core.schema.model import Table
from core.settings_key import setting_key
from core.stores import capabilities_of
from worker.generate import Dataset, TableRows
from worker.prefetch import Prefetcher
from worker.result.counters import Counters
from worker.sources.base import Encoded, KeyedSource, KeyRange, Sink, Source

CHUNK_ROWS = 16_384
"""Rows per chunk: enough to make the fixed costs of Arrow and NumPy small, and a few MiB of memory."""
PREFETCHED_CHUNKS = 2
"""Encoded chunks that may wait for the sender."""


def load_shard(source: Source, rows: TableRows, shard: Shard, method: str, batch_size: int, counters: Counters) -> None:
    """Load one shard and count the acknowledged rows; errors of the source propagate."""
    batch_size = source.capabilities.limit_batch(batch_size)
    opening = time.perf_counter()
    with source.sink(rows.table, shard, method) as sink:
        counters.add_seconds("send", time.perf_counter() - opening)
        chunks = _chunks(sink, rows, shard, batch_size, counters)
        with Prefetcher(chunks, PREFETCHED_CHUNKS) as prefetched:
            cutter = _Cutter(prefetched)
            for first in range(0, shard.rows, batch_size):
                count = min(batch_size, shard.rows - first)
                started, waited = time.perf_counter(), cutter.waited
                receipt = sink.send(cutter.take(count))
                elapsed, waited = time.perf_counter() - started, cutter.waited - waited
                counters.add_seconds("wait", waited)
                latency = max(elapsed - waited, receipt.commit_seconds)
                counters.add_seconds("send", latency - receipt.commit_seconds)
                counters.add_seconds("commit", receipt.commit_seconds)
                counters.add_batch(count, receipt.bytes, latency)
        closing = time.perf_counter()
    counters.add_seconds("commit", time.perf_counter() - closing)


def remove_shard(source: Source, rows: TableRows, shard: Shard) -> None:
    """Remove the rows that an earlier attempt may have loaded of a shard, one chunk of keys at a time."""
    for first, count in _ranges(shard, CHUNK_ROWS):
        source.remove(rows.table, keys_of(rows.table, rows.batch(first, count, [rows.table.primary_key])))


def keys_of(table: Table, batch: pa.RecordBatch) -> KeyRange | pa.Array:
    """Return the keys of a batch: as a range if they are consecutive integers, else as an array."""
    keys = batch.column(0)
    if table.has_consecutive_keys:
        return KeyRange(keys[0].as_py(), keys[-1].as_py())
    return keys


def _chunks(sink: Sink[Any], rows: TableRows, shard: Shard, batch_size: int, counters: Counters) -> Iterator[Encoded]:
    size = CHUNK_ROWS if batch_size >= CHUNK_ROWS else CHUNK_ROWS // batch_size * batch_size
    # The first chunk is small because the server waits for it.
    for first, count in _ranges(shard, size, min(batch_size, size)):
        started = time.perf_counter()
        batch = rows.batch(first, count)
        generated = time.perf_counter()
        encoded = sink.encode(batch)
        counters.add_seconds("generate", generated - started)
        counters.add_seconds("encode", time.perf_counter() - generated)
        yield encoded


def _ranges(shard: Shard, size: int, first: int | None = None) -> Iterator[tuple[int, int]]:
    """Yield the first row and the length of each part of the shard; the first part may be shorter."""
    offset, count = 0, first or size
    while offset < shard.rows:
        yield shard.first_row + offset, min(count, shard.rows - offset)
        offset, count = offset + count, size


class _Cutter:
    """Cut a stream of encoded chunks into batches of any length. `waited` counts the seconds of waiting for chunks."""

    def __init__(self, chunks: Iterator[Encoded]) -> None:
        self._chunks = chunks
        self._chunk: Encoded | None = None
        self._used = 0
        self.waited = 0.0

    def take(self, rows: int) -> Iterator[Encoded]:
        """Yield the pieces of the next batch; the caller must read all of them before the next call."""
        while rows:
            if self._chunk is None:
                started = time.perf_counter()
                self._chunk, self._used = next(self._chunks), 0
                self.waited += time.perf_counter() - started
            stop = min(self._used + rows, len(self._chunk))
            piece = self._chunk.part(self._used, stop)
            rows -= stop - self._used
            self._used = stop
            if stop == len(self._chunk):
                self._chunk = None
            yield piece


def prepare_tables(source: Source, plan: LoadPlan) -> Sequence[str]:
    """Create or empty the tables of a plan and return warnings; raise ServerError if keys of an append are in use."""
    # An operation that only verifies must not change the stored tables.
    tables = [plan.data.table(name) for name in plan.tables] if plan.operation.populates else []
    return source.prepare(
        tables, plan.on_existing, lambda existing: require_free_keys(source, plan, [table.name for table in existing])
    )


def require_free_keys(source: Source, plan: LoadPlan, existing: Sequence[str]) -> None:
    """Raise ServerError if the run appends to a table that has a row with one of its keys.

    A repeated attempt removes the rows with its keys, including rows that another program wrote.
    """
    if plan.on_existing is not OnExisting.APPEND or not capabilities_of(plan.source).key_range_deletable:
        return
    dataset = Dataset(plan.data, plan.seed, plan.row_count, plan.base_instant)
    taken = [name for name in existing if _is_taken(cast("KeyedSource", source), dataset, name, plan.row_count)]
    if taken:
        raise ServerError(
            f"{setting_key('onExisting')}: 'append' needs keys that no row has, but table {', '.join(map(repr, taken))} "
            "has rows with keys of this run; change the seed or the start of sequential keys, or set onExisting to empty"
        )


def _is_taken(source: KeyedSource, dataset: Dataset, name: str, row_count: int) -> bool:
    rows = dataset.table(name)
    key = [rows.table.primary_key]
    # An empty table is checked first: it needs no look-up of all keys.
    return source.count(rows.table) > 0 and any(
        source.contains_any(rows.table, keys_of(rows.table, rows.batch(first, min(CHUNK_ROWS, row_count - first), key)))
        for first in range(0, row_count, CHUNK_ROWS)
    )
