"""What a worker reports: the seed's metrics JSON, and the additions that the report is made of.

Times are RFC 3339 in UTC, durations milliseconds, sizes bytes unless a name says `_mb` (MiB).
"""

from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict

from core.options import Operation


class ExitReason(StrEnum):
    """How a worker ended, as far as anyone can tell."""

    COMPLETED = "completed"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    KILLED = "killed"
    OOM_KILLED = "oom_killed"
    EVICTED = "evicted"
    TIMED_OUT = "timed_out"
    NEVER_STARTED = "never_started"


class _Report(BaseModel):
    """Readers accept what a newer worker adds; writers write everything."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Environment(_Report):
    """What the worker really got. A limit that was asked for and is not in force is named in `not_enforced`."""

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
    """Within `duration_ms`, summed over the cores; in periods, `nr_throttled`."""


class Metrics(_Report):
    """The seed's five figures. `rows_processed` counts rows that the server acknowledged, or that a file holds."""

    rows_processed: int = 0
    duration_ms: int = 0
    batch_count: int = 0
    rows_per_second: float = 0.0
    bytes_written: int = 0


class Latency(_Report):
    """Milliseconds from handing a batch over to its acknowledgement; `histogram` is an encoded one, in microseconds."""

    p50: float
    p90: float
    p99: float
    p999: float
    max: float
    batch_size: int
    histogram: str | None = None


class Phases(_Report):
    """Where the time went, in milliseconds. Generating and encoding may overlap sending."""

    connect: float = 0.0
    generate: float = 0.0
    encode: float = 0.0
    send: float = 0.0
    commit: float = 0.0
    verify: float = 0.0


class ShardResult(_Report):
    """How much of one shard was acknowledged."""

    table: str
    first_row: int
    rows: int
    rows_processed: int


class Difference(_Report):
    """One cell, row or extra row that is not what the generator says."""

    key: str
    column: str | None = None
    expected: str | None = None
    found: str | None = None


class TableVerification(_Report):
    """The seed's counts for one table, and the rows that nobody asked for."""

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
    """All tables of a worker, and their sum."""

    tables: tuple[TableVerification, ...]
    total_expected: int
    total_found: int
    total_missing: int
    total_mismatched: int
    total_matched: int
    total_extra: int = 0


class WorkerResult(_Report):
    """One worker's report, as it writes it to its file and to its standard output."""

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
    phases: Phases = Phases()
    shards: tuple[ShardResult, ...] = ()
    peak_memory_mb: float | None = None
    server_settings: dict[str, str] = {}
    omitted: tuple[str, ...] = ()
    """What was left out because the way that the result came by had no room for it."""


class Progress(_Report):
    """The line that a worker writes once a second on standard output while it loads."""

    progress: str
    """The worker's id: the key by which a reader of a mixed log tells this line from any other."""
    at: datetime
    rows: int
    total_rows: int
    batches: int
    bytes: int
    p99_ms: float | None = None
    memory_mb: float | None = None
    phase: str = "load"
