"""The model of a report. Every figure is final: no renderer rounds or adds.

Times are RFC 3339, durations milliseconds, rates rows per second, sizes bytes unless a name ends in `_mb` (MiB).
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, WithJsonSchema

from aggregate.phases import Timeline
from core.errors import ExitCode
from core.plan import LoadPlan
from core.results import TableVerification, WorkerResult

VERSION: Final = 1
"""Incremented whenever a reader of an older report would misread a newer one."""


class Status(StrEnum):
    """The outcome of one worker."""

    OK = "ok"
    RETRIED = "retried"
    DIFFERS = "differs"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    KILLED = "killed"
    OOM_KILLED = "oom_killed"
    EVICTED = "evicted"
    TIMED_OUT = "timed_out"
    NEVER_STARTED = "never_started"
    MISSING = "missing"
    UNREADABLE = "unreadable"

    @property
    def finished(self) -> bool:
        """Whether the worker did all of its work, even if verification found a difference."""
        return self in (Status.OK, Status.RETRIED, Status.DIFFERS)

    @property
    def text(self) -> str:
        """The status as text: `oom killed`."""
        return self.value.replace("_", " ")


_FROM_BEST = (
    Status.OK, Status.RETRIED, Status.DIFFERS, Status.INTERRUPTED, Status.TIMED_OUT, Status.FAILED, Status.EVICTED,
    Status.KILLED, Status.OOM_KILLED, Status.NEVER_STARTED, Status.UNREADABLE, Status.MISSING,
)  # fmt: skip


def worst(statuses: Iterable[Status]) -> Status:
    """Return the worst status; of a fleet without workers, `missing`."""
    return max(statuses, key=_FROM_BEST.index, default=Status.MISSING)


def worker_order(name: str) -> tuple[str, int, str]:
    """Return a sort key that puts worker-2 before worker-10."""
    stem = name.rstrip("0123456789")
    return stem, int(name[len(stem) :] or 0), name


class _Part(BaseModel):
    """A part of the report. Unknown fields are ignored: a newer program of the same version may add some."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class WorkerLine(_Part):
    """One worker of the report. `result` is None if the worker left no result."""

    worker_id: str
    status: Status
    reason: str = ""
    tables: tuple[str, ...] = ()
    rows: int = 0
    planned_rows: int | None = None
    duration_ms: int | None = None
    rows_per_second: float | None = None
    attempt: int = 1
    result: WorkerResult | None = None

    @property
    def detail(self) -> str:
        """The reason without the status, which most reasons begin with, for a text that has the status before it."""
        return self.reason.removeprefix(f"{self.status.value}: ").removeprefix(f"{self.status.text}: ")

    @property
    def is_rated(self) -> bool:
        """Whether the fleet's rate includes that of this worker: it finished at its first attempt."""
        return self.status in (Status.OK, Status.DIFFERS) and self.attempt == 1


class Percentiles(_Part):
    """Latency percentiles of all batches in milliseconds, from the merged histograms of `workers` workers.

    A percentile that the number of batches cannot carry is None. `rows` is the number of rows of these batches, and
    `batch_sizes` are the sizes of the workers' largest batches.
    """

    p50: float | None = None
    p90: float | None = None
    p99: float | None = None
    p999: float | None = None
    max: float
    batches: int
    rows: int | None = None
    batch_sizes: tuple[int, ...]
    workers: int


class Bin(_Part):
    """The number of batches that took more than `above_ms` and at most `up_to_ms`."""

    above_ms: float
    up_to_ms: float
    batches: int


class Totals(_Part):
    """The fleet's figures.

    `rows` includes the rows of failed workers. `rows_per_second` is the sum of the rates of the `rated_workers`: those
    that finished at their first attempt; it is None if they did not load at the same time. `duration_ms` is that of the
    slowest worker. `wall_clock_ms` is the time from the first worker's start of loading to the last worker's end of
    loading, `run_ms` that of the whole run. If the run only verifies, comparing counts as loading.
    """

    status: Status = Status.OK
    """The worst status of the workers."""
    workers: int
    ok_workers: int = 0
    finished_workers: int
    failed_workers: int
    missing_workers: int
    retried_workers: int
    rated_workers: int
    tables: int
    rows: int
    planned_rows: int | None = None
    batches: int
    bytes_written: int
    duration_ms: int
    rows_per_second: float | None
    started_at: AwareDatetime | None = None
    completed_at: AwareDatetime | None = None
    wall_clock_ms: int | None = None
    wall_clock_rows_per_second: float | None = None
    run_ms: int | None = None
    peak_concurrency: int | None = None
    mean_concurrency: float | None = None
    start_spread_ms: int | None = None
    peak_memory_mb: float | None = None
    throttled_ms: float | None = None
    nr_throttled: int | None = None


class Verification(_Part):
    """The comparisons of all workers, in total and per table."""

    expected: int
    found: int
    missing: int
    mismatched: int
    matched: int
    extra: int
    tables: tuple[TableVerification, ...]

    @property
    def clean(self) -> bool:
        """Whether every expected row was found unchanged, and no other row."""
        return not (self.missing or self.mismatched or self.extra)


class Limit(StrEnum):
    """The possible limits of a run's throughput."""

    WORKER_CPU = "worker_cpu"
    SERVER = "server"
    FILES = "files"
    GENERATION = "generation"
    CONNECTING = "connecting"
    VERIFICATION = "verification"
    NOTHING = "nothing"


class LimitedBy(_Part):
    """The limit of a run, and the shares of the time in which the workers connected, loaded and compared.

    The shares without `throttled` add up to one. `server` is sending and committing, or writing files; `generation` is
    waiting for rows; `other` is the rest. `throttled` overlaps them, and is summed over cores.
    """

    limit: Limit
    throttled: float
    server: float
    generation: float
    connecting: float
    verification: float
    other: float = 0.0


class Judgement(_Part):
    """The result of one threshold. `value` is None, and `held` false, if the run did not measure the metric."""

    threshold: str
    value: float | None
    held: bool


_PLAN_SCHEMA = WithJsonSchema(
    {"type": ["object", "null"], "description": "The plan of the run, the same as the stack output `plan`."}
)


class Report(_Part):
    """The report of one run. Its JSON is the published format; `version` is the format's version."""

    version: Literal[1] = VERSION
    run_id: str
    stack: str | None = None
    platform: str | None = None
    source: str | None = None
    operation: str | None = None
    execution_id: str | None = None
    schema_name: str | None = None
    server: str | None = None
    totals: Totals
    timeline: Timeline | None = None
    workers: tuple[WorkerLine, ...]
    latency_ms: Percentiles | None = None
    latency_histogram: tuple[Bin, ...] = ()
    verification: Verification | None = None
    thresholds: tuple[Judgement, ...] = ()
    limited_by: LimitedBy | None = None
    server_settings: dict[str, str] = {}
    warnings: tuple[str, ...] = ()
    exit_code: ExitCode
    plan: Annotated[LoadPlan | None, _PLAN_SCHEMA] = None

    @property
    def name(self) -> str:
        """The id of this execution of the plan; in a report without one, the plan's run id."""
        return self.execution_id or self.run_id

    @property
    def started_at(self) -> datetime | None:
        """The date of the run in UTC, by the clock of the machine that ran the fleet if it is known."""
        known = self.timeline.origin if self.timeline else self.totals.started_at
        return known.astimezone(UTC) if known else None
