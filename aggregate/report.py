"""What a report says, whatever the format: every figure here is final, so that no renderer rounds or adds.

Times are RFC 3339, durations milliseconds, rates rows a second, sizes bytes unless a name says `_mb` (MiB).
"""

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, WithJsonSchema

from core.errors import ExitCode
from core.plan import LoadPlan
from core.results import TableVerification, WorkerResult

VERSION: Final = 1
"""Raised whenever a reader of an older report would misread a newer one."""


class Status(StrEnum):
    """How one worker stands in the report."""

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
        """Whether the worker did all of its work, however well the rows compare."""
        return self in (Status.OK, Status.RETRIED, Status.DIFFERS)


class _Part(BaseModel):
    """Readers accept what a newer program of the same version adds."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class WorkerLine(_Part):
    """One worker of the report. `result` is None for a worker that left none."""

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


class Percentiles(_Part):
    """Of the fleet's batches, from merged histograms, in milliseconds; None where a worker left no histogram."""

    p50: float
    p90: float
    p99: float
    p999: float
    max: float
    batches: int
    batch_sizes: tuple[int, ...]
    workers: int


class Bin(_Part):
    """How many batches took more than `above_ms` and up to `up_to_ms`."""

    above_ms: float
    up_to_ms: float
    batches: int


class Totals(_Part):
    """The fleet's figures.

    `rows` counts every acknowledged row, also those of a worker that failed. `rows_per_second` is the sum of the rates
    of the `rated_workers`: those that finished at their first attempt. `duration_ms` is the longest worker's;
    `wall_clock_ms` runs from the first start to the last end.
    """

    workers: int
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
    rows_per_second: float
    started_at: AwareDatetime | None = None
    completed_at: AwareDatetime | None = None
    wall_clock_ms: int | None = None
    wall_clock_rows_per_second: float | None = None
    start_spread_ms: int | None = None
    peak_memory_mb: float | None = None
    throttled_ms: float | None = None
    nr_throttled: int | None = None


class Verification(_Part):
    """All workers' comparisons, added up, and by table."""

    expected: int
    found: int
    missing: int
    mismatched: int
    matched: int
    extra: int
    tables: tuple[TableVerification, ...]

    @property
    def clean(self) -> bool:
        """Whether every row is there, as it should be, and no other."""
        return not (self.missing or self.mismatched or self.extra)


class Limit(StrEnum):
    """What held a run back."""

    WORKER_CPU = "worker_cpu"
    SERVER = "server"
    GENERATION = "generation"
    CONNECTING = "connecting"
    VERIFICATION = "verification"
    NOTHING = "nothing"


class LimitedBy(_Part):
    """What held the run back, and the numbers behind it: shares of the time that the workers had, all together.

    Generating may overlap sending, so the shares may add up to more than one.
    """

    limit: Limit
    throttled: float
    server: float
    generation: float
    connecting: float
    verification: float


class Judgement(_Part):
    """What became of one threshold. `value` is None, and the threshold not held, when the run did not measure it."""

    threshold: str
    value: float | None
    held: bool


_PLAN_SCHEMA = WithJsonSchema(
    {"type": ["object", "null"], "description": "The run's plan, as the stack output `plan` gives it."}
)


class Report(_Part):
    """One run's report: its JSON is the published format, `version` its number."""

    version: Literal[1] = VERSION
    run_id: str
    stack: str | None = None
    platform: str | None = None
    source: str | None = None
    operation: str | None = None
    totals: Totals
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
