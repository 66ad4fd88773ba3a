"""The texts, tables and charts of a report's page."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from aggregate.render import formatting
from aggregate.render.heading import details, title
from aggregate.render.page import bars, charts
from aggregate.render.page.document import document
from aggregate.report import Report, WorkerLine
from core.metrics import METRICS
from core.plan import LoadPlan
from core.units import MIB, format_size

_HEADLINES = ("rows", "rows_per_second", "wall_clock_rows_per_second", "wall_clock_ms", "latency_ms.p99")
"""The metrics at the top of the page."""
_SHOWN_ELSEWHERE = ("wall clock", "run", "latency", "limit", "verification")
"""The facts that are not repeated below the table of workers."""


class Grid(NamedTuple):
    """A table of the page."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    footer: Sequence[str] | None = None


def render(report: Report) -> str:
    """Return the page of a report as one HTML file."""
    return document(
        "page.html.j2",
        list(charts.charts(report)),
        phases=charts.phases(report),
        deaths=charts.deaths(report),
        report=report,
        **_content(report),
    )


def _content(report: Report) -> dict[str, Any]:
    return {
        "page_title": title(report),
        "details": details(report),
        "outcome": formatting.outcome(report.exit_code),
        "figures": list(_figures(report)),
        "limit": formatting.limit(report.limited_by) if report.limited_by else None,
        "thresholds": list(zip(report.thresholds, formatting.thresholds(report), strict=True)),
        "columns": formatting.COLUMNS,
        "workers": [formatting.row(line) for line in report.workers],
        "total": formatting.total_row(report.totals),
        "footnotes": formatting.footnotes(report.totals),
        "facts": [line for name, line in formatting.named_facts(report).items() if name not in _SHOWN_ELSEWHERE],
        "gantt": bars.gantt(report),
        "run_phases": formatting.run_phases(report.timeline) if report.timeline and report.timeline.spans else "",
        "steps": bars.steps(report),
        "overlapped": bars.overlapped(report),
        "verification": _verification(report),
        "differences": formatting.differences(report),
        "errors": list(_errors(report)),
        "requested_limits": _requested_limits(report.plan) if report.plan else None,
        "environment": _environment(report),
        "plan": _plan(report.plan) if report.plan else None,
        "shards": _shards(report.plan) if report.plan else None,
    }


def _figures(report: Report) -> Iterator[tuple[str, str]]:
    totals = report.totals
    for metric in (METRICS[name] for name in _HEADLINES):
        if getattr(report, metric.group) is not None:
            yield metric.label, formatting.figure(metric, report)
    yield "Workers finished", f"{formatting.count(totals.finished_workers)} of {formatting.count(totals.workers)}"


def _verification(report: Report) -> Grid | None:
    if report.verification is None:
        return None
    header = ("Table", "Expected", "Found", "Missing", "Mismatched", "Extra", "Matched", "Took")
    rows = [
        (
            each.table,
            *(formatting.count(number) for number in (each.expected, each.found, each.missing, each.mismatched)),
            formatting.count(each.extra),
            formatting.count(each.matched),
            formatting.duration(each.duration_ms),
        )
        for each in report.verification.tables
    ]
    found = report.verification
    totals = (found.expected, found.found, found.missing, found.mismatched, found.extra, found.matched)
    return Grid(header, rows, ("TOTAL", *map(formatting.count, totals), ""))


def _errors(report: Report) -> Iterator[str]:
    """Yield the errors that no warning contains."""
    shown = "\n".join(report.warnings)
    for line in report.workers:
        for error in line.result.errors if line.result else ():
            if formatting.line(error) not in shown:
                yield f"{formatting.cell(line.worker_id)}: {error}"


def _requested_limits(plan: LoadPlan) -> str:
    limits = plan.limits
    if limits is None:
        return "no limits"
    disk = f", a RAM disk of {format_size(limits.tmpfs)}" if limits.tmpfs is not None else ", no RAM disk"
    return f"{limits.cpu:g} CPU, {format_size(limits.memory)} of memory{disk}"


def _environment(report: Report) -> Grid:
    header = ("Worker", "Cores", "CPU quota", "Memory", "RAM disk", "Peak memory", "Throttled", "Not enforced")
    return Grid(header, [_environment_row(line) for line in report.workers])


def _environment_row(line: WorkerLine) -> tuple[str, ...]:
    result = line.result
    got = result.environment if result else None
    peak = (
        formatting.mebibytes(result.peak_memory_mb) if result and result.peak_memory_mb is not None else formatting.NONE
    )
    if got is None:
        return (line.worker_id, *[formatting.NONE] * 4, peak, formatting.NONE, formatting.NONE)
    return (
        line.worker_id,
        str(got.cpu_cores),
        _cores_of(got.cgroup_cpu_quota),
        format_size(got.cgroup_memory_limit or got.memory_mb * MIB),
        format_size(got.tmpfs_size_mb * MIB) if got.tmpfs_enabled and got.tmpfs_size_mb is not None else "none",
        peak,
        formatting.duration(got.throttled_ms),
        ", ".join(got.not_enforced) or "all enforced",
    )


def _cores_of(text: str | None) -> str:
    """Convert a cgroup quota, `50000 100000` in microseconds per period, to cores."""
    parts = (text or "").split()
    if len(parts) != 2 or not all(part.isdigit() for part in parts) or not int(parts[1]):
        return "none"
    return f"{int(parts[0]) / int(parts[1]):g}"


def _plan(plan: LoadPlan) -> list[tuple[str, str]]:
    """Return what the heading does not show."""
    return [
        ("Method", plan.method),
        ("Workers", formatting.count(len(plan.workers))),
        ("Rows", formatting.count(plan.rows)),
        ("Batch size", formatting.count(plan.batch_size)),
        ("Tables", ", ".join(plan.tables)),
    ]


def _shards(plan: LoadPlan) -> Grid:
    rows = [
        (worker.id, shard.table, str(shard.seed), formatting.count(shard.first_row), formatting.count(shard.rows))
        for worker in plan.workers
        for shard in worker.shards
    ]
    return Grid(("Worker", "Table", "Seed", "First row", "Rows"), rows)
