"""The plans of the trials: two tables of the shop, each split between two workers."""

from collections.abc import Mapping
from pathlib import Path

from bench.faults.keys import KEY, text_of
from core.options import Operation
from core.plan import Limits, LoadPlan, Shard, partition
from core.schema.file import load_schema
from core.stores import BULK, SOURCES
from core.units import MIB
from worker.generate import Dataset

SCHEMA = Path(__file__).parents[2] / "schemas" / "shop.yaml"
TABLES = ("users", "orders")
"""A table with consecutive keys, and one without: rows of an earlier attempt are removed in two ways."""
WORKERS = 4
SEED = 42
BATCH_ROWS: Mapping[str, int] = {**dict.fromkeys(SOURCES, 50), "mongodb": 10, "csv": 2, "jsonl": 2}
"""Batch sizes that are small, so that a load takes several times longer than the start of a worker varies."""
CORES = 0.5
"""The CPU limit of a worker: low, so that a load is slow enough on any machine."""
MEMORY = 512 * MIB
ROWS: Mapping[str, int] = {
    "mysql": 120_000,
    "postgresql": 160_000,
    "mongodb": 80_000,
    "neo4j": 40_000,
    "kafka": 60_000,
    "csv": 300_000,
    "jsonl": 200_000,
}
"""Rows per table: a load of at least a second in many small batches, on half a core per worker."""


def plan_of(
    source: str,
    share: float = 1.0,
    *,
    workers: int = WORKERS,
    memory: int = MEMORY,
    retries: int = 1,
    batch_size: int | None = None,
) -> LoadPlan:
    """Return a plan that loads and verifies a share of the source's rows."""
    schema = load_schema(SCHEMA)
    rows = round(ROWS[source] * share)
    return LoadPlan(
        run_id="faults",
        source=source,
        operation=Operation.POPULATE_AND_VERIFY,
        method=BULK,
        batch_size=batch_size or BATCH_ROWS[source],
        seed=SEED,
        row_count=rows,
        timeout_seconds=300,
        retries=retries,
        limits=Limits(cpu=CORES, memory=memory, tmpfs=16 * MIB),
        data=schema,
        workers=partition(schema, TABLES, rows, workers, SEED),
    )


def keys_of(plan: LoadPlan, shard: Shard) -> frozenset[str]:
    """Return the keys of a shard's rows, in the spelling of `bench.faults.keys`."""
    rows = Dataset(plan.data, plan.seed, plan.row_count, plan.base_instant).table(shard.table)
    return frozenset(map(text_of, rows.batch(shard.first_row, shard.rows, [KEY]).column(0).to_pylist()))
