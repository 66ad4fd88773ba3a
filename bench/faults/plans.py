"""What the workers of a trial are to load: two tables of the shop, each shared by two workers."""

from collections.abc import Mapping
from pathlib import Path

from bench.faults.keys import KEY, text_of
from core.plan import Limits, LoadPlan, Operation, Shard, partition
from core.schema.file import load_schema
from core.stores import BULK, SOURCES
from core.units import MIB
from worker.generate import Dataset

SCHEMA = Path(__file__).parents[2] / "schemas" / "shop.yaml"
TABLES = ("users", "orders")
"""One with consecutive keys, one with keys that are no range: two ways to remove what an earlier attempt left."""
WORKERS = 4
SEED = 42
BATCH_ROWS: Mapping[str, int] = {**dict.fromkeys(SOURCES, 50), "mongodb": 10, "csv": 2, "jsonl": 2}
"""Few enough that loading takes several times as long as what a worker's start takes more one time than another."""
CORES = 0.5
"""Of a worker: little, so that a load takes its time whatever the machine does besides."""
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
"""Of each table: a load of a second or more in many small batches, on half a core a worker."""


def plan_of(
    source: str,
    share: float = 1.0,
    *,
    workers: int = WORKERS,
    memory: int = MEMORY,
    retries: int = 1,
    batch_size: int | None = None,
) -> LoadPlan:
    """A run that loads and verifies a share of the source's rows."""
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
    """The keys of a shard's rows, as `bench.faults.keys` spells them."""
    rows = Dataset(plan.data, plan.seed, plan.row_count, plan.base_instant).table(shard.table)
    return frozenset(map(text_of, rows.batch(shard.first_row, shard.rows, [KEY]).column(0).to_pylist()))
