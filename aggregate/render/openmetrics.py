"""The report as OpenMetrics text, in base units, with labels that stay few: the run's id stands in one sample only."""

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.registry import Collector

from aggregate.report import Percentiles, Report, Totals, Verification


def render(report: Report) -> str:
    """Every total, the latency quantiles, the verification by table and the thresholds, ended by `# EOF`."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(report))
    text: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]  # the one function without types
    return text.decode()


class _Families(Collector):
    """The families of one report; the labels of where it ran are on every sample."""

    def __init__(self, report: Report) -> None:
        self._report = report
        known = ("stack", report.stack), ("platform", report.platform), ("source", report.source)
        self._where = {name: value for name, value in known if value}

    def collect(self) -> Iterator[Metric]:
        """All families, for the registry."""
        report = self._report
        info = InfoMetricFamily("loadtest_run", "The run that these figures are of.", labels=list(self._where))
        info.add_metric(list(self._where.values()), {"run": report.run_id, "operation": report.operation or ""})
        yield info
        yield from self._totals(report.totals)
        if report.latency_ms is not None:
            yield from self._latency(report.latency_ms)
        if report.verification is not None:
            yield self._verification(report.verification)
        if report.thresholds:
            held = {each.threshold: float(each.held) for each in report.thresholds}
            yield self._by("threshold_held", "1 where a threshold held, 0 where it failed.", "threshold", held)

    def _totals(self, totals: Totals) -> Iterator[Metric]:
        states = {
            "finished": totals.finished_workers,
            "failed": totals.failed_workers - totals.missing_workers,
            "missing": totals.missing_workers,
        }
        yield self._by("workers", "Workers by how they ended.", "state", states)
        yield from self._one("retried_workers", "Workers that were started again.", totals.retried_workers)
        yield from self._one("tables", "Tables that the workers loaded.", totals.tables)
        yield from self._one("rows", "Rows that the server acknowledged, or that the files hold.", totals.rows)
        yield from self._one("planned_rows", "Rows that the plan asked for.", totals.planned_rows)
        yield from self._one("batches", "Batches that were acknowledged.", totals.batches)
        yield from self._one("written_bytes", "Bytes handed over.", totals.bytes_written)
        rates = {"sum_of_workers": totals.rows_per_second, "wall_clock": totals.wall_clock_rows_per_second}
        known = {kind: rate for kind, rate in rates.items() if rate is not None}
        yield self._by(
            "rows_per_second", "The sum of the workers' rates; rows over the true wall clock.", "kind", known
        )
        yield from self._seconds("longest_worker", "The longest worker's duration.", totals.duration_ms)
        yield from self._seconds("wall_clock", "From the first start to the last end.", totals.wall_clock_ms)
        yield from self._seconds("start_spread", "From the first start to the last start.", totals.start_spread_ms)
        yield from self._seconds("cpu_throttled", "Time that CPU quotas held workers back.", totals.throttled_ms)
        memory = totals.peak_memory_mb
        peak = round(memory * (1 << 20)) if memory is not None else None
        yield from self._one("worker_peak_memory_bytes", "The most memory of any one worker.", peak)

    def _latency(self, latency: Percentiles) -> Iterator[Metric]:
        points = {"0.5": latency.p50, "0.9": latency.p90, "0.99": latency.p99, "0.999": latency.p999, "1": latency.max}
        values = {quantile: _in_seconds(value) for quantile, value in points.items()}
        yield self._by("batch_latency_seconds", "From handing over to acknowledgement.", "quantile", values)
        sizes = {"smallest": latency.batch_sizes[0], "largest": latency.batch_sizes[-1]}
        yield self._by("batch_rows", "Rows of a batch.", "size", sizes)

    def _verification(self, found: Verification) -> Metric:
        family = GaugeMetricFamily(
            "loadtest_verified_rows", "Rows by what verification found.", labels=[*self._where, "table", "outcome"]
        )
        for table in found.tables:
            for outcome in ("expected", "found", "missing", "mismatched", "matched", "extra"):
                family.add_metric([*self._where.values(), table.table, outcome], getattr(table, outcome))
        return family

    def _by(self, name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
        family = GaugeMetricFamily(f"loadtest_{name}", text, labels=[*self._where, label])
        for key, value in values.items():
            family.add_metric([*self._where.values(), key], value)
        return family

    def _one(self, name: str, text: str, value: float | None) -> Iterator[Metric]:
        if value is not None:
            family = GaugeMetricFamily(f"loadtest_{name}", text, labels=list(self._where))
            family.add_metric(list(self._where.values()), value)
            yield family

    def _seconds(self, name: str, text: str, milliseconds: float | None) -> Iterator[Metric]:
        if milliseconds is not None:
            yield from self._one(f"{name}_seconds", text, _in_seconds(milliseconds))


def _in_seconds(milliseconds: float) -> float:
    """Without the noise of binary fractions: 12.3 ms is 0.0123."""
    return round(milliseconds / 1000, 6)
