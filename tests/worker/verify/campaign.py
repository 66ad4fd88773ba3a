"""Generated rows, changes to them, and their verification."""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from core.options import OnExisting, Operation
from core.plan import LoadPlan, Shard, WorkerPlan
from core.results import TableVerification
from core.schema.model import Column, Schema, Table
from core.stores import BULK
from tests.worker.sources.loading import DATASET, emptied
from worker.generate import Dataset
from worker.result.counters import Counters
from worker.sources.base import Scope, Source
from worker.verify.shard import verify_shard
from worker.verify.table_diff import TableDiff
from worker.verify.verification import Verification

ROWS = 120
Mutation = Callable[[pa.RecordBatch], pa.RecordBatch]


def rows_of(name: str) -> pa.RecordBatch:
    """Return all planned rows of a table."""
    return DATASET.table(name).batch(0, ROWS)


def write(source: Source, name: str, *parts: pa.RecordBatch) -> None:
    """Store these rows and no others, one shard per part."""
    emptied(source)
    table, first = DATASET.schema.table(name), 0
    for part in parts:
        with source.sink(table, Shard(table=name, seed=42, first_row=first, rows=ROWS), BULK) as sink:
            sink.send(iter([sink.encode(part)]))
        first += part.num_rows


def verified(source: Source, name: str, shards: Sequence[int] = (ROWS,), **plan: object) -> list[TableVerification]:
    """Return the verification of each shard, by one worker each."""
    bounds: list[int] = np.cumsum([0, *shards]).tolist()
    workers = tuple(
        WorkerPlan(id=f"worker-{n}", shards=(Shard(table=name, seed=42, first_row=first, rows=rows),))
        for n, (first, rows) in enumerate(zip(bounds, shards, strict=False), start=1)
    )
    made = LoadPlan.model_validate(
        {
            "run_id": "", "source": source.capabilities.name, "operation": Operation.VERIFY, "method": BULK,
            "batch_size": 50, "seed": 42, "row_count": sum(shards), "limits": None, "data": DATASET.schema,
            "workers": workers, **plan,
        }
    )  # fmt: skip
    return [_of(source, made, worker) for worker in workers]


def _of(source: Source, plan: LoadPlan, worker: WorkerPlan) -> TableVerification:
    verification = Verification()
    verification.run(source, plan, worker, DATASET, Counters(loads=False))
    assert verification.report is not None
    (table,) = verification.report.tables
    assert table.expected == table.missing + table.mismatched + table.matched
    assert table.found == table.mismatched + table.matched + table.extra
    return table


def loaded_alone(source: Source, table: Table) -> Callable[[], TableDiff]:
    """Load a table that is not in the schema of the tests; return a function that compares it with its generated rows."""
    rows = Dataset(Schema(tables=(table,)), DATASET.seed, ROWS, DATASET.base_instant).table(table.name)
    shard = Shard(table=table.name, seed=42, first_row=0, rows=ROWS)
    scope = Scope(
        shard, None, exclusive_storage=False, checks_unowned_rows=True, tolerant=False, table_rows=ROWS,
        first_rows=frozenset({0}),
    )  # fmt: skip
    source.prepare([table], OnExisting.EMPTY)
    with source.sink(table, shard, BULK) as sink:
        sink.send(iter([sink.encode(rows.batch(0, ROWS))]))

    def compared() -> TableDiff:
        diff = TableDiff(table.name)
        verify_shard(source, rows, scope, diff, lambda _: None)
        return diff

    return compared


def counts(table: TableVerification) -> tuple[int, int, int]:
    """Return the counts of missing, mismatched and extra rows."""
    return table.missing, table.mismatched, table.extra


def replaced(batch: pa.RecordBatch, column: str, row: int, source_row: int) -> pa.RecordBatch:
    """Return the batch with the value of another row in one cell."""
    order = np.arange(batch.num_rows)
    order[row] = source_row
    place = batch.schema.get_field_index(column)
    return batch.set_column(place, batch.schema.field(place), batch.column(place).take(pa.array(order)))


def swapped(batch: pa.RecordBatch, column: str, row: int, other: int) -> pa.RecordBatch:
    """Return the batch with two cells of a column exchanged."""
    order = np.arange(batch.num_rows)
    order[[row, other]] = order[[other, row]]
    place = batch.schema.get_field_index(column)
    return batch.set_column(place, batch.schema.field(place), batch.column(place).take(pa.array(order)))


def another(source: Source, column: Column, batch: pa.RecordBatch, row: int, *, null: bool) -> int:
    """Return a row with another stored value in this column, or with NULL if `null`."""
    stored = source.as_stored(column, batch.column(column.name)).to_pylist()
    for other in [*range(row + 1, batch.num_rows), *range(row)]:
        if stored[other] != stored[row] and (stored[other] is None) == null:
            return int(other)
    raise AssertionError(f"all rows have the same {column.name}")
