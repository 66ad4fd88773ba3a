"""The metrics of a report: one row per metric, for thresholds, comparisons, every output format and the documentation.

To add a metric: declare its field in `aggregate/report.py`, compute it in `aggregate/totals.py`, add a row here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.units import MIB


class Unit(StrEnum):
    """The unit of a metric in the JSON report and in thresholds."""

    ROWS = "rows"
    ROWS_PER_SECOND = "rows per second"
    DURATION_MS = "milliseconds"
    LATENCY_MS = "milliseconds per batch"
    BYTES = "bytes"
    MEBIBYTES = "MiB"
    WORKERS = "workers"
    MEAN_WORKERS = "workers on average"
    TABLES = "tables"
    BATCHES = "batches"
    PERIODS = "scheduler periods"


class Better(StrEnum):
    """The direction in which a metric improves."""

    HIGHER = "higher"
    LOWER = "lower"


BATCHES_NEEDED: Mapping[str, int] = {"p90": 10, "p99": 100, "p999": 1000}
"""How many batches a percentile needs: one of them must lie beyond it."""

_SECONDS = frozenset({Unit.DURATION_MS, Unit.LATENCY_MS})


@dataclass(frozen=True, slots=True)
class Gauge:
    """The OpenMetrics sample of a metric: its family and, if a family has several metrics, a label and its value."""

    family: str = ""
    label: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure of the whole fleet.

    `name` is the path of its field in the report: `latency_ms.p99`, or a field of `totals` without the group's name.
    `better` is None for a metric that comparisons leave out. `sentence`, if not empty, is a line below the table in
    which `{}` is replaced with the figure. `gauge` is by default named after the field, in base units, and is None where
    the exporter breaks the figure down by worker state or by table.
    """

    name: str
    unit: Unit
    label: str
    description: str
    better: Better | None = None
    sentence: str = ""
    gauge: Gauge | None = Gauge()

    @property
    def group(self) -> str:
        """The part of the report that has the field."""
        return self.name.rpartition(".")[0] or "totals"

    @property
    def field(self) -> str:
        """The name of the field in its group."""
        return self.name.rpartition(".")[2]

    @property
    def family(self) -> str:
        """The name of the OpenMetrics family; empty for a metric that is exported in another way."""
        if self.gauge is None:
            return ""
        return self.gauge.family or self.field.replace("_ms", "_seconds").replace("_mb", "_bytes")

    def read(self, report: object) -> float | None:
        """Return the metric's value in a report, or None if the run did not measure it."""
        group = getattr(report, self.group)
        value: float | None = None if group is None else getattr(group, self.field)
        return value

    def in_base_units(self, value: float) -> float:
        """Convert to seconds or bytes, without the noise of binary fractions: 12.3 ms is 0.0123."""
        if self.unit in _SECONDS:
            return round(value / 1000, 6)
        return round(value * MIB) if self.unit is Unit.MEBIBYTES else value


def _latency(field: str, label: str, quantile: str, better: Better | None = Better.LOWER) -> Metric:
    text = (
        "Time from sending a batch to its acknowledgement, without waiting for its rows, over all batches of the fleet."
    )
    if field in BATCHES_NEEDED:
        text += f" Needs {BATCHES_NEEDED[field]:,} batches."
    gauge = Gauge("batch_latency_seconds", "quantile", quantile)
    return Metric(f"latency_ms.{field}", Unit.LATENCY_MS, f"Batch latency {label}", text, better, gauge=gauge)


def _verified(field: str, description: str) -> Metric:
    return Metric(f"verification.{field}", Unit.ROWS, f"Verification: {field}", description, gauge=None)


_TABLE = (
    Metric("rows", Unit.ROWS, "Rows", "Rows that the server acknowledged or that were written to files."),
    Metric(
        "rows_per_second", Unit.ROWS_PER_SECOND, "Rows/sec, sum of workers",
        "The sum of the rates of all workers that finished at their first attempt. Not measured if they did not load at the "
        "same time.",
        Better.HIGHER, gauge=Gauge("rows_per_second", "kind", "sum_of_workers"),
    ),
    Metric(
        "wall_clock_rows_per_second", Unit.ROWS_PER_SECOND, "Rows/sec, wall clock",
        "All rows divided by the wall clock time of the load.",
        Better.HIGHER, gauge=Gauge("rows_per_second", "kind", "wall_clock"),
    ),
    Metric("planned_rows", Unit.ROWS, "Planned rows", "Rows that the plan assigns to the workers."),
    Metric("tables", Unit.TABLES, "Tables", "Tables that the workers loaded."),
    Metric("batches", Unit.BATCHES, "Batches", "Batches that the server acknowledged."),
    Metric(
        "bytes_written", Unit.BYTES, "Bytes written", "Bytes sent to the server or written to files.",
        gauge=Gauge("written_bytes"),
    ),
    Metric(
        "duration_ms", Unit.DURATION_MS, "Longest worker", "The duration of the slowest worker.",
        gauge=Gauge("longest_worker_seconds"),
    ),
    Metric(
        "wall_clock_ms", Unit.DURATION_MS, "Wall clock of the load",
        "Time from the first worker's start of loading to the last worker's end of loading (of comparing, if the run only "
        "verifies).",
    ),
    Metric("run_ms", Unit.DURATION_MS, "Whole run", "Time from the beginning of the preparation to the end of the fleet."),
    Metric(
        "peak_concurrency", Unit.WORKERS, "Workers at once", "The most workers that loaded at the same time.",
        gauge=Gauge("workers_at_once", "kind", "peak"),
    ),
    Metric(
        "mean_concurrency", Unit.MEAN_WORKERS, "Workers at once, mean",
        "The mean number of workers that loaded, over the wall clock time of the load.",
        gauge=Gauge("workers_at_once", "kind", "mean"),
    ),
    Metric(
        "start_spread_ms", Unit.DURATION_MS, "Spread of starts",
        "Time from the first worker's start of loading to the last worker's.",
    ),
    Metric("workers", Unit.WORKERS, "Workers", "Planned workers; without a plan, workers that left a result.", gauge=None),
    Metric("ok_workers", Unit.WORKERS, "Workers that are ok", "Workers that finished without a difference.", gauge=None),
    Metric("finished_workers", Unit.WORKERS, "Finished workers", "Workers that did all of their work.", gauge=None),
    Metric("failed_workers", Unit.WORKERS, "Failed workers", "Workers that did not finish, missing ones included.", gauge=None),
    Metric("missing_workers", Unit.WORKERS, "Missing workers", "Workers without a readable result.", gauge=None),
    Metric("retried_workers", Unit.WORKERS, "Retried workers", "Workers that were started more than once."),
    Metric("rated_workers", Unit.WORKERS, "Rated workers", "Workers whose rates are part of `rows_per_second`.", gauge=None),
    _latency("p50", "p50", "0.5"),
    _latency("p90", "p90", "0.9"),
    _latency("p99", "p99", "0.99"),
    _latency("p999", "p99.9", "0.999"),
    _latency("max", "maximum", "1", better=None),
    Metric(
        "peak_memory_mb", Unit.MEBIBYTES, "Peak memory", "Memory of the worker that needed most.",
        Better.LOWER, "Memory: {} at most in one worker", Gauge("worker_peak_memory_bytes"),
    ),
    Metric(
        "throttled_ms", Unit.DURATION_MS, "CPU throttling",
        "Time that CPU quotas kept workers from running, summed over cores.",
        Better.LOWER, gauge=Gauge("cpu_throttled_seconds"),
    ),
    Metric(
        "nr_throttled", Unit.PERIODS, "Throttled periods", "Scheduler periods in which a worker used up its CPU quota.",
        gauge=None,
    ),
    _verified("expected", "Rows that the plan expects."),
    _verified("found", "Rows that verification read."),
    _verified("missing", "Expected rows that were not found."),
    _verified("mismatched", "Rows of which at least one cell differs."),
    _verified("matched", "Rows that are exactly as expected."),
    _verified("extra", "Rows that the plan does not have."),
)  # fmt: skip

METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _TABLE}
"""All metrics by name, in the order in which they are listed."""
