"""Fill the page's template with the texts and plots of a report."""

from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any, NamedTuple

from jinja2 import Environment as Templates
from jinja2 import StrictUndefined
from markupsafe import Markup

from aggregate.render import formatting
from aggregate.render.heading import details, title
from aggregate.render.page import charts
from aggregate.report import Report, WorkerLine
from core.metrics import METRICS
from core.plan import LoadPlan
from core.units import MIB, format_size

_HEADLINES = ("rows", "rows_per_second", "wall_clock_rows_per_second", "wall_clock_ms", "latency_ms.p99")
"""The metrics at the top of the page."""


class Grid(NamedTuple):
    """A table of the page."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]


def render(report: Report) -> str:
    """Return the page as one HTML file. All text is escaped; only our own style and plots are inserted as they are."""
    folder = files("aggregate.render.page")
    templates = Templates(autoescape=True, undefined=StrictUndefined, trim_blocks=False, finalize=_visible_text)
    template = templates.from_string((folder / "page.html.j2").read_text(encoding="utf-8"))
    style = (folder / "style.css").read_text(encoding="utf-8")
    return template.render(report=report, style=Markup(style), **_content(report)) + "\n"  # noqa: S704 - our own file


def _visible_text(value: object) -> object:
    """Make each text that the template inserts visible. Style, plots and numbers stay as they are."""
    return formatting.line(value) if isinstance(value, str) and not isinstance(value, Markup) else value


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
        "facts": formatting.facts(report),
        "charts": list(_charts(report)),
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


def _charts(report: Report) -> Iterator[tuple[str, str, Markup, str]]:
    """Yield id, title, plot and caption. Plots need no escaping: matplotlib escapes the names in them."""
    rows = charts.throughput_series(report)
    if rows is not None:
        yield "throughput", "Throughput over time", Markup(charts.throughput(rows)), _bands(rows.labels)  # noqa: S704
    if report.latency_ms is not None:
        plot = charts.latencies(report.latency_histogram, report.latency_ms)
        yield "latency", "Batch latency", Markup(plot), formatting.latency(report.latency_ms)  # noqa: S704
    times = charts.phase_series(report)
    if times is not None:
        yield "phases", "Where the time went", Markup(charts.phases(times)), _bands(times.labels)  # noqa: S704


def _bands(labels: Sequence[str]) -> str:
    if any(" to " in label for label in labels):
        return "Neighbouring workers are merged; their phases are means."
    return ""


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
    return Grid(header, rows)


def _errors(report: Report) -> Iterator[str]:
    for line in report.workers:
        for error in line.result.errors if line.result else ():
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
    return [
        ("Source", plan.source),
        ("Operation", plan.operation),
        ("Method", plan.method),
        ("Workers", formatting.count(len(plan.workers))),
        ("Rows", formatting.count(plan.rows)),
        ("Rows per table", formatting.count(plan.row_count)),
        ("Batch size", formatting.count(plan.batch_size)),
        ("Seed", str(plan.seed)),
        ("Tables", ", ".join(plan.tables)),
    ]


def _shards(plan: LoadPlan) -> Grid:
    rows = [
        (worker.id, shard.table, str(shard.seed), formatting.count(shard.first_row), formatting.count(shard.rows))
        for worker in plan.workers
        for shard in worker.shards
    ]
    return Grid(("Worker", "Table", "Seed", "First row", "Rows"), rows)
