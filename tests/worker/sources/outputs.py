"""Run workers into a folder of files, in this process."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from core.connection import parse_connection
from core.options import OnExisting
from core.output.manifest import MANIFEST
from core.plan import LoadPlan, partition
from core.stores import BULK, SOURCES
from tests.worker.sources.loading import DATASET, KEYED
from worker.pipeline import load_shard, remove_shard
from worker.result.counters import Counters
from worker.sources import open_source
from worker.sources.base import Source, WorkerSlot
from worker.verify.verification import Verification

ROWS = 60
Files = dict[str, bytes]


def plan_of(workers: int = 1, source: str = "csv", tables: Sequence[str] = (KEYED,), **changed: object) -> LoadPlan:
    plan = LoadPlan(
        run_id="run",
        source=source,
        method=BULK,
        batch_size=50,
        seed=42,
        row_count=ROWS,
        on_existing=OnExisting.FAIL,
        limits=None,
        data=DATASET.schema,
        workers=partition(DATASET.schema, tables, ROWS, workers, 42),
    )
    return plan.model_copy(update=changed)


def opened(folder: Path, plan: LoadPlan, index: int = 0, stack: str = "mine") -> Source:
    capabilities = SOURCES[plan.source]
    slot = WorkerSlot(index, len(plan.workers), plan, stack)
    return open_source(capabilities, parse_connection(folder.as_uri(), capabilities), slot)


def prepare(folder: Path, plan: LoadPlan, stack: str = "mine") -> None:
    with closing(opened(folder, plan, stack=stack)) as source:
        source.connect()
        tables = [plan.data.table(name) for name in plan.tables] if plan.operation.populates else []
        source.prepare(tables, plan.on_existing)


def load(folder: Path, plan: LoadPlan, index: int, *, again: bool = False, stack: str = "mine") -> None:
    with closing(opened(folder, plan, index, stack)) as source:
        for shard in plan.workers[index].shards:
            if again:
                remove_shard(source, DATASET.table(shard.table), shard)
            load_shard(source, DATASET.table(shard.table), shard, BULK, 50, Counters(total_rows=ROWS))


def run(folder: Path, plan: LoadPlan, stack: str = "mine") -> None:
    prepare(folder, plan, stack)
    for index in range(len(plan.workers)):
        load(folder, plan, index, stack=stack)


def verify(folder: Path, plan: LoadPlan) -> tuple[int, int]:
    """Return how many rows match, and how many were found, over all workers."""
    prepare(folder, plan)
    matched = found = 0
    for index, worker in enumerate(plan.workers):
        with closing(opened(folder, plan, index)) as source:
            verification = Verification()
            verification.run(source, plan, worker, DATASET, Counters(loads=False))
            assert verification.report is not None
            matched, found = matched + verification.report.total_matched, found + verification.report.total_found
    return matched, found


def files(folder: Path) -> Files:
    """Return all files in the folder except its manifest."""
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {path: content for path, content in found.items() if path != MANIFEST}


def data_rows(folder: Path) -> int:
    """Return the number of rows in the folder's CSV parts, by their lines: `keyed` has no line end in a value."""
    return sum(content.count(b"\n") - (b"id," in content[:3]) for content in files(folder).values())


def part(first: int, suffix: str = "csv") -> str:
    return f"{KEYED}/part-{first:020d}.{suffix}"
