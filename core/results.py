"""The result of a worker: the metrics JSON, and more fields for the report.

Times are RFC 3339 in UTC, durations milliseconds, sizes bytes unless a name ends in `_mb` (MiB).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from core.options import Operation


class ExitReason(StrEnum):
    """The known or likely reason why a worker ended."""

    COMPLETED = "completed"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    KILLED = "killed"
    OOM_KILLED = "oom_killed"
    EVICTED = "evicted"
    TIMED_OUT = "timed_out"
    NEVER_STARTED = "never_started"


MOST_DIFFERENCES = 10
"""The most differences of one table that a worker's result and the report contain."""


class _Report(BaseModel):
    """Readers ignore unknown fields of a newer worker; writers write all fields."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Environment(_Report):
    """The resources that the worker had. `not_enforced` lists the planned limits that were not in force."""

    cpu_cores: int
    memory_mb: int
    tmpfs_enabled: bool
    tmpfs_size_mb: int | None = None
    available_memory_mb: int | None = None
    cgroup_memory_limit: int | None = None
    cgroup_cpu_quota: str | None = None
    not_enforced: tuple[str, ...] = ()
    nr_throttled: int | None = None
    throttled_ms: float | None = None
    """Throttled time within `duration_ms`, summed over the cores; `nr_throttled` counts the periods."""


class Metrics(_Report):
    """The five main metrics. `rows_processed` counts rows that the server acknowledged or that were written to a file."""

    rows_processed: int = 0
    duration_ms: int = 0
    batch_count: int = 0
    rows_per_second: float = 0.0
    bytes_written: int = 0


class Latency(_Report):
    """Milliseconds from sending a batch to its acknowledgement, without waiting for its rows.

    `histogram` is an encoded HdrHistogram in microseconds.
    """

    p50: float
    p90: float
    p99: float
    p999: float
    max: float
    batch_size: int
    histogram: str | None = None


BINS_PER_DOUBLING = 8
"""Latency bins of `LatencyTimeline` per doubling: a percentile read from them is at most 9 % too high."""


class LatencyTimeline(_Report):
    """Rows and batch latencies per interval, since the worker began to load (to compare, if it only verifies).

    Each item of `latencies` counts the batches of one interval by latency, as in `80:3 81:12`: 3 batches in bin 80, which
    stands for at most 2^(80/8) microseconds and more than 2^(79/8).
    """

    interval_ms: int = Field(gt=0)
    rows: tuple[int, ...]
    latencies: tuple[Annotated[str, StringConstraints(pattern=r"^(\d+:\d+( \d+:\d+)*)?$")], ...]

    @model_validator(mode="after")
    def _has_latencies_of_each_interval(self) -> Self:
        if len(self.rows) != len(self.latencies):
            raise ValueError(f"rows has {len(self.rows)} intervals and latencies {len(self.latencies)}")
        return self

    @classmethod
    def of(cls, interval_ms: int, rows: Iterable[int], counts: Iterable[Mapping[int, int]]) -> Self:
        """Return a timeline with these numbers of batches by bin."""
        latencies = (" ".join(f"{place}:{each[place]}" for place in sorted(each)) for each in counts)
        return cls(interval_ms=interval_ms, rows=tuple(rows), latencies=tuple(latencies))

    def counts(self) -> list[dict[int, int]]:
        """Return the number of batches by bin for each interval."""
        pairs = ((pair.partition(":") for pair in text.split()) for text in self.latencies)
        return [{int(place): int(number) for place, _, number in interval} for interval in pairs]


class Phases(_Report):
    """The time of each phase in milliseconds.

    Generating and encoding may overlap sending. `wait` is the part of them that sending had to wait for; 0 in results of
    older workers, whose `send` includes it.
    """

    connect: float = 0.0
    wait: float = 0.0
    generate: float = 0.0
    encode: float = 0.0
    send: float = 0.0
    commit: float = 0.0
    verify: float = 0.0


class ShardResult(_Report):
    """The acknowledged rows of one shard."""

    table: str
    first_row: int
    rows: int
    rows_processed: int


class Difference(_Report):
    """A differing cell, a missing row or an extra row."""

    key: str
    column: str | None = None
    expected: str | None = None
    found: str | None = None


class TableVerification(_Report):
    """The verification counts of one table; `extra` counts rows that the plan does not have."""

    table: str
    expected: int
    found: int
    missing: int
    mismatched: int
    matched: int
    extra: int = 0
    differences: tuple[Difference, ...] = ()
    duration_ms: float = 0.0


class VerificationReport(_Report):
    """All tables of a worker, and their totals."""

    tables: tuple[TableVerification, ...]
    total_expected: int
    total_found: int
    total_missing: int
    total_mismatched: int
    total_matched: int
    total_extra: int = 0


class Instants(_Report):
    """The instants at which a worker reached each step, by its own clock; the platform reports creation, start and end."""

    created: AwareDatetime | None = None
    started: AwareDatetime | None = None
    connected: AwareDatetime | None = None
    ready: AwareDatetime | None = None
    load_started: AwareDatetime | None = None
    load_ended: AwareDatetime | None = None
    verify_started: AwareDatetime | None = None
    verify_ended: AwareDatetime | None = None
    ended: AwareDatetime | None = None


class FleetInstants(_Report):
    """The instants at which the fleet reached each step, by the clock of the machine that runs it."""

    begun: AwareDatetime | None = None
    prepared: AwareDatetime | None = None
    workers_started: AwareDatetime | None = None
    all_ready: AwareDatetime | None = None
    opened: AwareDatetime | None = None
    ended: AwareDatetime | None = None


class WorkerResult(_Report):
    """The result that a worker writes to its file and to standard output."""

    worker_id: str
    hostname: str = ""
    started_at: AwareDatetime | None = None
    completed_at: AwareDatetime | None = None
    success: bool
    environment: Environment | None = None
    tables_processed: tuple[str, ...] = ()
    operation: Operation
    metrics: Metrics = Metrics()
    errors: tuple[str, ...] = ()
    verification_report: VerificationReport | None = None

    run_id: str = ""
    attempt: int = 1
    exit_reason: ExitReason
    exit_code: int | None = None
    latency_ms: Latency | None = None
    timeline: tuple[int, ...] = ()
    latency_timeline: LatencyTimeline | None = None
    phases: Phases = Phases()
    instants: Instants = Instants()
    shards: tuple[ShardResult, ...] = ()
    peak_memory_mb: float | None = None
    server_settings: dict[str, str] = {}
    omitted: tuple[str, ...] = ()
    """Fields that were left out because the result was too large for the termination message."""


class Preparation(_Report):
    """The last line that `worker prepare` writes to standard output."""

    prepared: tuple[str, ...] = ()
    """The tables that are ready to be loaded."""
    warnings: tuple[str, ...] = ()
    server_settings: dict[str, str] = {}


CONNECTING, READY = "connect", "ready"
"""The phases of a worker before it loads: until it is connected, and until all workers are."""


class Progress(_Report):
    """The line that a worker writes to standard output once per second while it loads."""

    progress: str
    """The worker's id. This field identifies progress lines in a mixed log."""
    at: datetime
    rows: int
    total_rows: int
    batches: int
    bytes: int
    p99_ms: float | None = None
    memory_mb: float | None = None
    phase: str = "load"
    compared_rows: int = 0
