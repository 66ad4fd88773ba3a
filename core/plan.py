"""The plan of a run, as plain data. Every platform uses the same plan file; a worker finds its share by its index."""

import hashlib
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict

from core.errors import PlanError
from core.options import LoadOptions
from core.schema.model import Schema

BASE_INSTANT = datetime(2026, 1, 1, tzinfo=UTC)
"""The fixed `now` of the generators, so that the data of a plan never changes."""


_WORKER = "worker-"


def worker_id(index: int) -> str:
    """Return the id of the worker with this index, from 0."""
    return f"{_WORKER}{index + 1}"


def is_worker_id(role: str) -> bool:
    """Return whether the role of a container is a worker's id."""
    return role.startswith(_WORKER)


class _Plan(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Shard(_Plan):
    """Rows `[first_row, first_row + rows)` of a table, counted from 0; `seed` is that of the table."""

    table: str
    seed: int
    first_row: int
    rows: int


class WorkerPlan(_Plan):
    """One worker's shards, in the order in which it loads them."""

    id: str
    shards: tuple[Shard, ...]

    @property
    def rows(self) -> int:
        """The number of rows of the worker."""
        return sum(shard.rows for shard in self.shards)

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of the worker's tables, each once."""
        return tuple(dict.fromkeys(shard.table for shard in self.shards))


class Limits(_Plan):
    """The limits of one worker: cores, bytes of memory, bytes of RAM disk (which are part of the memory)."""

    cpu: float
    memory: int
    tmpfs: int | None


class _Run(_Plan):
    run_id: str
    source: str


class LoadPlan(LoadOptions, _Run):
    """A whole run. Two equal plans load equal rows.

    The order of the base classes is the order of the fields in the plan file, and `digest` depends on it.
    """

    base_instant: AwareDatetime = BASE_INSTANT
    thresholds: tuple[str, ...] = ()
    limits: Limits | None
    data: Schema
    workers: tuple[WorkerPlan, ...]

    @property
    def rows(self) -> int:
        """The number of rows of the run."""
        return sum(worker.rows for worker in self.workers)

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of the tables that are loaded, in the schema's order."""
        wanted = {name for worker in self.workers for name in worker.tables}
        return tuple(table.name for table in self.data.tables if table.name in wanted)

    def worker(self, index: int) -> WorkerPlan:
        """Return the worker with this index, counted from 0; raises PlanError for an invalid index."""
        if not 0 <= index < len(self.workers):
            last = len(self.workers) - 1
            raise PlanError(f"--index: {index} is not a worker of this plan; write a number from 0 to {last}")
        return self.workers[index]

    def digest(self) -> str:
        """Return twelve hexadecimal digits of a hash of the whole plan."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]


def partition(schema: Schema, tables: Sequence[str], row_count: int, workers: int, seed: int) -> tuple[WorkerPlan, ...]:
    """Divide the tables, `row_count` rows each, among the workers.

    With at most as many workers as tables, whole tables are assigned round robin. With more workers, each of the first
    workers gets the beginning of one table, and the others divide the remaining rows. All workers then have the same number
    of rows (plus or minus one), and no row is assigned twice.
    """
    seeds = {name: seed + schema.position(name) for name in tables}
    if workers <= len(tables):
        dealt = [[(name, 0, row_count) for name in tables[index::workers]] for index in range(workers)]
    else:
        dealt = _by_range(tables, row_count, workers)
    return tuple(
        WorkerPlan(
            id=worker_id(index),
            shards=tuple(Shard(table=name, seed=seeds[name], first_row=first, rows=rows) for name, first, rows in own),
        )
        for index, own in enumerate(dealt)
    )


def _by_range(tables: Sequence[str], row_count: int, workers: int) -> list[list[tuple[str, int, int]]]:
    total = row_count * len(tables)
    quota = [total * (index + 1) // workers - total * index // workers for index in range(workers)]
    dealt = [[(name, 0, share)] if share else [] for name, share in zip(tables, quota, strict=False)]
    fronts = zip(tables, quota, strict=False)
    remaining = deque((name, share, row_count - share) for name, share in fronts if share < row_count)
    for share in quota[len(tables) :]:
        own: list[tuple[str, int, int]] = []
        wanted = share
        while wanted:
            name, first, rows = remaining.popleft()
            taken = min(wanted, rows)
            own.append((name, first, taken))
            wanted -= taken
            if rows > taken:
                remaining.appendleft((name, first + taken, rows - taken))
        dealt.append(own)
    return dealt
