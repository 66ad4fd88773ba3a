"""The load pipeline: generate columns, encode them, send them, batch by batch, a chunk prefetched of the wire.

A chunk is what is generated and encoded at once, a batch what is committed at once. A chunk may hold many small
batches, cut from it at row ends, and a large batch may take many chunks: memory depends on neither.
"""

import time
from collections.abc import Iterator
from typing import Any, cast

import pyarrow as pa

from core.errors import ServerError
from core.plan import LoadPlan, OnExisting, Shard
from core.schema.generators import Sequential
from core.schema.model import Table
from core.stores import capabilities_of
from worker.generate import Dataset, TableRows
from worker.prefetch import Prefetcher
from worker.result.counters import Counters
from worker.sources.base import Encoded, KeyedSource, KeyRange, Sink, Source

CHUNK_ROWS = 16_384
"""Rows generated and encoded at once: enough to make Arrow's and numpy's fixed costs small, and some MiB of memory."""
PREFETCHED_CHUNKS = 2
"""Chunks that may wait for the wire."""


def load_shard(source: Source, rows: TableRows, shard: Shard, method: str, batch_size: int, counters: Counters) -> None:
    """Load one shard and count what is acknowledged; raises what the source raises."""
    batch_size = source.capabilities.limit_batch(batch_size)
    with source.sink(rows.table, shard, method) as sink:
        chunks = _chunks(sink, rows, shard, batch_size, counters)
        with Prefetcher(chunks, PREFETCHED_CHUNKS) as prefetched:
            cutter = _Cutter(prefetched)
            for first in range(0, shard.rows, batch_size):
                count = min(batch_size, shard.rows - first)
                started = time.perf_counter()
                sent = sink.send(cutter.take(count))
                elapsed = time.perf_counter() - started
                counters.spent("send", elapsed - sent.commit_seconds)
                counters.spent("commit", sent.commit_seconds)
                counters.acknowledged(count, sent.bytes, elapsed)


def remove_shard(source: Source, rows: TableRows, shard: Shard) -> None:
    """Remove what an earlier attempt may have left of a shard, chunk by chunk of its keys."""
    for first, count in _ranges(shard, CHUNK_ROWS):
        source.remove(rows.table, keys_of(rows.table, rows.batch(first, count, [rows.table.primary_key])))


def keys_of(table: Table, batch: pa.RecordBatch) -> KeyRange | pa.Array:
    """The keys of a batch as their range, where they are consecutive integers, or as they are."""
    keys = batch.column(0)
    if isinstance(table.key.generator, Sequential) and pa.types.is_integer(keys.type):
        return KeyRange(keys[0].as_py(), keys[-1].as_py())
    return keys


def _chunks(sink: Sink[Any], rows: TableRows, shard: Shard, batch_size: int, counters: Counters) -> Iterator[Encoded]:
    size = CHUNK_ROWS if batch_size >= CHUNK_ROWS else CHUNK_ROWS // batch_size * batch_size
    # The server waits for the first.
    for first, count in _ranges(shard, size, min(batch_size, size)):
        started = time.perf_counter()
        batch = rows.batch(first, count)
        generated = time.perf_counter()
        encoded = sink.encode(batch)
        counters.spent("generate", generated - started)
        counters.spent("encode", time.perf_counter() - generated)
        yield encoded


def _ranges(shard: Shard, size: int, first: int | None = None) -> Iterator[tuple[int, int]]:
    """First row and length of the shard's parts, of which the first may be shorter."""
    offset, count = 0, first or size
    while offset < shard.rows:
        yield shard.first_row + offset, min(count, shard.rows - offset)
        offset, count = offset + count, size


class _Cutter:
    """Cuts a stream of encoded chunks into batches of any length."""

    def __init__(self, chunks: Iterator[Encoded]) -> None:
        self._chunks = chunks
        self._chunk: Encoded | None = None
        self._used = 0

    def take(self, rows: int) -> Iterator[Encoded]:
        """The pieces of the next batch; to be read to their end before the next call."""
        while rows:
            if self._chunk is None:
                self._chunk, self._used = next(self._chunks), 0
            stop = min(self._used + rows, len(self._chunk))
            piece = self._chunk.part(self._used, stop)
            rows -= stop - self._used
            self._used = stop
            if stop == len(self._chunk):
                self._chunk = None
            yield piece


def require_free_keys(source: Source, plan: LoadPlan) -> None:
    """Raise ServerError for tables that have a row with a key of the run, if the run appends to them."""
    if plan.on_existing is not OnExisting.APPEND or not capabilities_of(plan.source).key_range_deletable:
        return
    dataset = Dataset(plan.data, plan.seed, plan.row_count, plan.base_instant)
    taken = [name for name in plan.tables if _is_taken(cast("KeyedSource", source), dataset, name, plan.row_count)]
    if taken:
        raise ServerError(
            f"loadtest:onExisting: 'append' needs keys that are free, and table {', '.join(map(repr, taken))} has rows with "
            "keys of this run; change the seed or the start of sequential keys, or set onExisting to empty"
        )


def _is_taken(source: KeyedSource, dataset: Dataset, name: str, row_count: int) -> bool:
    rows = dataset.table(name)
    key = [rows.table.primary_key]
    # Of a table without rows nobody asks for a hundred million keys.
    return source.count(rows.table) > 0 and any(
        source.contains_any(rows.table, keys_of(rows.table, rows.batch(first, min(CHUNK_ROWS, row_count - first), key)))
        for first in range(0, row_count, CHUNK_ROWS)
    )
