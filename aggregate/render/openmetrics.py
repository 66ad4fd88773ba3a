"""Render a report as OpenMetrics text, in base units. Labels stay few: only `loadtest_run_info` has the run's id."""

from collections.abc import Iterator, Mapping
from itertools import groupby

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.registry import Collector

from aggregate.render import formatting
from aggregate.report import Percentiles, Report, Totals, Verification
from core.metrics import METRICS


def render(report: Report) -> str:
    """Return every metric, the workers by state, the verification per table and the thresholds, ended by `# EOF`."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(report))
    text: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]  # the one function without types
    return text.decode()


class _Families(Collector):
    """The families of one report. Every sample has the labels stack, platform and source, as far as known."""

    def __init__(self, report: Report) -> None:
        self._report = report
        known = ("stack", report.stack), ("platform", report.platform), ("source", report.source)
        self._where = {name: formatting.cell(value) for name, value in known if value}

    def collect(self) -> Iterator[Family]:
        """Yield all families, for the registry."""
        report = self._report
        info = InfoMetricFamily("loadtest_run", "The run that the metrics belong to.", labels=list(self._where))
        info.add_metric(list(self._where.values()), self._run())
        yield info
        yield self._workers(report.totals)
        yield from self._metrics(report)
        if report.timeline is not None and report.timeline.spans:
            phases = {str(span.phase): span.duration_ms / 1000 for span in report.timeline.spans}
            yield self._gauge("run_phase_seconds", "Time of each phase of the run; they add up to it.", "phase", phases)
        if report.latency_ms is not None:
            yield self._batch_rows(report.latency_ms)
        if report.verification is not None:
            yield self._verification(report.verification)
        if report.thresholds:
            held = {formatting.cell(each.threshold): float(each.held) for each in report.thresholds}
            yield self._gauge("threshold_held", "1 if a threshold held, 0 if it failed.", "threshold", held)

    def _run(self) -> dict[str, str]:
        """Return what names the run: its id, and as far as known plan, operation, schema, seed, date and server."""
        report = self._report
        started = report.started_at
        known = {
            "run": report.name,
            "plan_digest": report.run_id if report.execution_id else "",
            "operation": report.operation,
            "schema": report.schema_name,
            "seed": str(report.plan.seed) if report.plan else "",
            "started": started.isoformat(timespec="seconds") if started else "",
            "server": report.server,
        }
        return {name: formatting.cell(value) for name, value in known.items() if value}

    def _metrics(self, report: Report) -> Iterator[Family]:
        """Yield a family for each gauge in the table of metrics that the run measured."""
        exported = [(metric, metric.gauge) for metric in METRICS.values() if metric.gauge is not None]
        for family, group in groupby(exported, key=lambda each: each[0].family):
            pairs = list(group)
            values = {
                gauge.value: metric.in_base_units(value)
                for metric, gauge in pairs
                if (value := metric.read(report)) is not None
            }
            if values:
                text = " ".join(dict.fromkeys(metric.description for metric, _ in pairs))
                yield self._gauge(family, text, pairs[0][1].label, values)

    def _workers(self, totals: Totals) -> Family:
        states = {
            "finished": totals.finished_workers,
            "failed": totals.failed_workers - totals.missing_workers,
            "missing": totals.missing_workers,
        }
        return self._gauge("workers", "Workers by outcome.", "state", states)

    def _batch_rows(self, latency: Percentiles) -> Family:
        sizes = {"smallest": latency.batch_sizes[0], "largest": latency.batch_sizes[-1]}
        return self._gauge("batch_rows", "Rows per batch.", "size", sizes)

    def _verification(self, found: Verification) -> Family:
        family = GaugeMetricFamily(
            "loadtest_verified_rows", "Rows by outcome of the verification.", labels=[*self._where, "table", "outcome"]
        )
        for table in found.tables:
            for outcome in ("expected", "found", "missing", "mismatched", "matched", "extra"):
                family.add_metric(
                    [*self._where.values(), formatting.cell(table.table), outcome], getattr(table, outcome)
                )
        return family

    def _gauge(self, name: str, text: str, label: str, values: Mapping[str, float]) -> Family:
        """Return a gauge with one sample per value of `label`, or a single sample without a label."""
        labels = [label] if label else []
        family = GaugeMetricFamily(f"loadtest_{name}", text, labels=[*self._where, *labels])
        for key, value in values.items():
            family.add_metric([*self._where.values(), *([key] if label else [])], value)
        return family
