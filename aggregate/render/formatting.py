"""Format figures and sentences, the same in every format that people read."""

from collections.abc import Callable, Mapping, Sequence

from aggregate.limits import apportion
from aggregate.phases import Timeline
from aggregate.report import Limit, LimitedBy, Percentiles, Report, Status, Totals, WorkerLine
from core.errors import ExitCode
from core.metrics import METRICS, Metric, Unit
from core.options import Operation
from core.text import visible
from core.units import format_size

COLUMNS = ("Worker", "Tables", "Rows", "Duration", "Rows/sec", "Status")
NONE = "-"
"""The text for an unknown figure."""

CELL_LIMIT = 200
"""How many characters of a cell, a name or a value from outside are shown."""
_LINE_LIMIT = 2_000
_SHORT_RUN_MS = 10_000
"""Shorter runs have two decimals of a second in the sum of their phases."""
_WIDEST_LIST = 40
_OUTCOMES = {
    ExitCode.OK: "ok",
    ExitCode.FAILED: "workers failed",
    ExitCode.DIFFERENCE: "rows differ",
    ExitCode.THRESHOLD: "threshold failed",
}


def cell(text: str) -> str:
    """Return the text of a table's cell: in one line, with visible characters only, and not too long."""
    return visible(text, CELL_LIMIT)


def line(text: str) -> str:
    """Return a sentence in one line, with visible characters only, and not too long."""
    return visible(text, _LINE_LIMIT)


def count(number: float) -> str:
    """Format with thousands separators: `50,000`."""
    return f"{number:,.0f}"


def rate(rows_per_second: float | None) -> str:
    """Format rows per second with one decimal: `150.6`."""
    return NONE if rows_per_second is None else f"{rows_per_second:,.1f}"


def duration(milliseconds: float | None) -> str:
    """Format with three significant digits, so that rows over a duration is its rate: `5m 32s`, `12.3s`, `2.41s`, `812ms`."""
    if milliseconds is None:
        return NONE
    if milliseconds < 999.5:
        return f"{milliseconds:.0f}ms"
    if milliseconds < 9_995:
        return f"{milliseconds / 1000:.2f}s"
    if milliseconds < 59_950:
        return f"{milliseconds / 1000:.1f}s"
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02}m {seconds:02}s" if hours else f"{minutes}m {seconds:02}s"


def milliseconds(value: float) -> str:
    """Format a latency with two decimals: `12.30 ms`."""
    return f"{value:,.2f} ms"


def mebibytes(value: float) -> str:
    """Format a size with one decimal: `120.5 MiB`."""
    return f"{value:,.1f} MiB"


_BY_UNIT: Mapping[Unit, Callable[[float], str]] = {
    Unit.ROWS_PER_SECOND: rate,
    Unit.DURATION_MS: duration,
    Unit.LATENCY_MS: milliseconds,
    Unit.MEAN_WORKERS: lambda value: f"{value:,.1f}",
    Unit.BYTES: format_size,
    Unit.MEBIBYTES: mebibytes,
}
"""How to format each unit; numbers of things are counts."""


def figure(metric: Metric, report: Report) -> str:
    """Format one metric of a report in its unit."""
    value = metric.read(report)
    return NONE if value is None else _BY_UNIT.get(metric.unit, count)(value)


def status(worker: WorkerLine) -> str:
    """Return `ok`, `ok (attempt 2)`, `oom killed`."""
    text = "ok" if worker.status is Status.RETRIED else worker.status.text
    return f"{text} (attempt {worker.attempt})" if worker.attempt > 1 else text


def outcome(code: ExitCode) -> str:
    """Return the meaning of an exit code in two words."""
    return _OUTCOMES[code]


def row(worker: WorkerLine) -> tuple[str, ...]:
    """Return a worker's cells, one per column."""
    rows = count(worker.rows) if worker.result else NONE
    cells = (cell(worker.worker_id), cell(tables(worker.tables)), rows)
    return (*cells, duration(worker.duration_ms), rate(worker.rows_per_second), status(worker))


def tables(names: Sequence[str]) -> str:
    """Join names with commas; shorten a long list to its first names and the number of the others."""
    text = ", ".join(names)
    if len(text) <= _WIDEST_LIST or len(names) == 1:
        return text or NONE
    shown = [name for place, name in enumerate(names) if len(", ".join(names[: place + 1])) <= _WIDEST_LIST]
    shown = shown or [names[0]]
    return f"{', '.join(shown)} and {len(names) - len(shown)} more"


def total_row(totals: Totals) -> tuple[str, ...]:
    """Return the cells of the last row, with the marks of the two footnotes."""
    rates = totals.rows_per_second if _is_sum(totals) else totals.wall_clock_rows_per_second
    fleet = f"{duration(totals.wall_clock_ms)}*", f"{rate(rates)}†"
    return ("TOTAL", count(totals.tables), count(totals.rows), *fleet, total_status(totals))


def total_status(totals: Totals) -> str:
    """Return the worst status of the workers: `ok`, `differs (2 of 3 ok)`."""
    if totals.status in (Status.OK, Status.RETRIED):
        return "ok"
    return f"{totals.status.text} ({totals.ok_workers:,} of {totals.workers:,} ok)"


def footnotes(totals: Totals) -> str:
    """Return the footnotes that explain the marks. If the rate covers only some workers, state how many."""
    part = (
        f" of {totals.rated_workers:,} of {totals.workers:,} workers" if totals.rated_workers < totals.workers else ""
    )
    if _is_sum(totals):
        return f"* Wall clock (parallel)  † Aggregate throughput{part}: the sum of the workers' rates"
    without = "workers that ran together" if totals.rated_workers else "workers that finished"
    return f"* Wall clock  † All rows over the wall clock: no sum of rates without {without}"


def _is_sum(totals: Totals) -> bool:
    return totals.rows_per_second is not None


def facts(report: Report) -> list[str]:
    """Return the lines below the table: the load, the phases, starts, latency, what limits the run, memory, verification."""
    return list(named_facts(report).values())


def named_facts(report: Report) -> dict[str, str]:
    """Return the lines of `facts` by name. The page shows some of them elsewhere."""
    totals = report.totals
    lines: dict[str, str] = {}
    if totals.wall_clock_ms is not None:
        speed = f"{rate(totals.wall_clock_rows_per_second)} rows/sec"
        period = f"{duration(totals.wall_clock_ms)} from first start to last end of {_work(report)}"
        lines["wall clock"] = f"Wall clock: {period}, {speed}"
    if totals.peak_concurrency is not None and totals.workers > 1:
        mean = figure(METRICS["mean_concurrency"], report)
        most = f"at most {count(totals.peak_concurrency)} of {count(totals.workers)}"
        lines["concurrency"] = f"Workers at the same time: {most}, {mean} on average"
    if report.timeline is not None and len(report.timeline.spans) > 1:
        lines["run"] = f"Run: {run_phases(report.timeline)}"
    if totals.start_spread_ms is not None and totals.workers > 1:
        lines["starts"] = f"Starts: {_work(report)} began within {duration(totals.start_spread_ms)}"
    if report.latency_ms is not None:
        lines["latency"] = latency(report.latency_ms)
    if totals.throttled_ms:
        periods = f"in {count(totals.nr_throttled or 0)} periods, summed over cores"
        lines["cpu"] = f"CPU: throttled for {duration(totals.throttled_ms)} {periods}"
    if report.limited_by is not None:
        lines["limit"] = f"Limit: {limit(report.limited_by)}"
    lines |= {
        metric.name: metric.sentence.format(figure(metric, report))
        for metric in METRICS.values()
        if metric.sentence and metric.read(report) is not None
    }
    if report.verification is not None:
        found = report.verification
        text = f"{count(found.expected)} rows expected, {count(found.matched)} matched"
        wrong = f"{count(found.missing)} missing, {count(found.mismatched)} mismatched, {count(found.extra)} extra"
        lines["verification"] = f"Verification: {text}, {wrong}"
    return lines


def _work(report: Report) -> str:
    return "comparing" if report.operation == Operation.VERIFY else "loading"


def run_phases(timeline: Timeline) -> str:
    """Return the phases of the run as a sum: `14.0 s = load 10.0 s + verify 4.0 s`. The rounded terms add up."""
    total = timeline.duration_ms
    digits = 2 if total < _SHORT_RUN_MS else 1
    whole = round(total / 1000, digits)
    units = round(whole * 10**digits)
    terms = apportion([span.duration_ms / total for span in timeline.spans], units)
    parts = (
        f"{span.phase} {each / 10**digits:,.{digits}f} s" for span, each in zip(timeline.spans, terms, strict=True)
    )
    return f"{whole:,.{digits}f} s = {' + '.join(parts)}"


def thresholds(report: Report) -> list[str]:
    """Return the result of each threshold: `held: rows_per_second >= 50000 (61,204.5)`."""
    return [
        f"{'held' if each.held else 'failed'}: {each.threshold} "
        f"({'not measured' if each.value is None else f'{each.value:,}'})"
        for each in report.thresholds
    ]


_LIMITS = {
    Limit.WORKER_CPU: "the workers' CPU quota: raise cpuLimit, or read the rates as those of this quota",
    Limit.SERVER: "the server: the workers wait for it to take their batches",
    Limit.FILES: "writing the files: the disk or the file system of the output folder",
    Limit.GENERATION: "the workers' generation of rows: more workers would load faster",
    Limit.CONNECTING: "connecting to the server: load more rows to measure the load itself",
    Limit.VERIFICATION: "reading back and comparing rows",
    Limit.NOTHING: "no single phase takes half of the time",
}


def limit(found: LimitedBy) -> str:
    """Return what limits the run, and the shares of the workers' time, which add up to 100 %."""
    return f"{_LIMITS[found.limit]} ({', '.join(f'{name} {share}' for name, share in shares(found))})"


def shares(found: LimitedBy) -> list[tuple[str, str]]:
    """Return the phases with their shares of the workers' time in percent; phases that took no time are left out."""
    by_phase = {
        "send and commit": found.server,
        "wait for rows": found.generation,
        "connect": found.connecting,
        "verify": found.verification,
        "other": found.other,
    }
    percents = apportion(list(by_phase.values()), 100)
    return [(name, f"{percent}%") for name, percent in zip(by_phase, percents, strict=True) if percent]


def latency(percentiles: Percentiles) -> str:
    """Return the fleet's percentiles that were measured, with the rows per batch, which they depend on."""
    named = ("p50", percentiles.p50), ("p90", percentiles.p90), ("p99", percentiles.p99), ("p99.9", percentiles.p999)
    figures = ", ".join(
        f"{name} {milliseconds(value)}" for name, value in (*named, ("max", percentiles.max)) if value is not None
    )
    return f"Batch latency ({count(percentiles.batches)} batches of {_batch_rows(percentiles)} rows): {figures}"


def _batch_rows(percentiles: Percentiles) -> str:
    smallest, largest = percentiles.batch_sizes[0], percentiles.batch_sizes[-1]
    if percentiles.rows is None or percentiles.rows == percentiles.batches * largest or smallest < largest:
        return count(smallest) if smallest == largest else f"{count(smallest)} to {count(largest)}"
    return f"up to {count(largest)}"


def differences(report: Report) -> list[str]:
    """Return one line for each difference that verification recorded."""
    if report.verification is None:
        return []
    return [
        f"{cell(table.table)} {cell(each.key)}{f'.{cell(each.column)}' if each.column else ''}: "
        f"expected {_value(each.expected)}, found {_value(each.found)}"
        for table in report.verification.tables
        for each in table.differences
    ]


def _value(value: str | None) -> str:
    return "nothing" if value is None else cell(value)
