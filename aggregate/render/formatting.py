"""Format figures and sentences, the same in every format that people read."""

from collections.abc import Callable, Mapping, Sequence

from aggregate.report import Limit, LimitedBy, Percentiles, Report, Status, Totals, WorkerLine
from core.errors import ExitCode
from core.metrics import METRICS, Metric, Unit
from core.text import visible
from core.units import format_size

COLUMNS = ("Worker", "Tables", "Rows", "Duration", "Rows/sec", "Status")
NONE = "-"
"""The text for an unknown figure."""

CELL_LIMIT = 200
"""How many characters of a cell, a name or a value from outside are shown."""
_LINE_LIMIT = 2_000
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
    """Format with two or three significant digits: `1h 02m 03s`, `5m 32s`, `12.3s`, `0.8s`, `45ms`."""
    if milliseconds is None:
        return NONE
    if milliseconds < 99.5:
        return f"{milliseconds:.0f}ms"
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
    ok = f"{totals.finished_workers:,} of {totals.workers:,} ok" if totals.failed_workers else "ok"
    fleet = f"{duration(totals.duration_ms)}*", f"{rate(totals.rows_per_second)}†"
    return ("TOTAL", count(totals.tables), count(totals.rows), *fleet, ok)


def footnotes(totals: Totals) -> str:
    """Return the footnotes that explain the marks. If the rate covers only some workers, state how many."""
    part = f" of {totals.rated_workers:,} of {totals.workers:,} workers"
    return f"* Wall clock (parallel)  † Aggregate throughput{part if totals.rated_workers < totals.workers else ''}"


def facts(report: Report) -> list[str]:
    """Return the lines below the table: wall clock, starts, latency, what limits the run, memory, verification."""
    totals = report.totals
    lines: list[str] = []
    if totals.wall_clock_ms is not None:
        speed = f"{rate(totals.wall_clock_rows_per_second)} rows/sec"
        lines.append(f"Wall clock: {duration(totals.wall_clock_ms)} from first start to last end, {speed}")
    if totals.start_spread_ms is not None:
        lines.append(f"Starts: spread over {duration(totals.start_spread_ms)}")
    if report.latency_ms is not None:
        lines.append(latency(report.latency_ms))
    if totals.throttled_ms:
        lines.append(f"CPU: throttled for {duration(totals.throttled_ms)} in {count(totals.nr_throttled or 0)} periods")
    if report.limited_by is not None:
        lines.append(f"Limit: {limit(report.limited_by)}")
    lines += [
        metric.sentence.format(figure(metric, report))
        for metric in METRICS.values()
        if metric.sentence and metric.read(report) is not None
    ]
    if report.verification is not None:
        found = report.verification
        text = f"{count(found.expected)} rows expected, {count(found.matched)} matched"
        wrong = f"{count(found.missing)} missing, {count(found.mismatched)} mismatched, {count(found.extra)} extra"
        lines.append(f"Verification: {text}, {wrong}")
    return lines


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
    Limit.GENERATION: "the workers' generation of rows: more workers would load faster",
    Limit.CONNECTING: "connecting to the server: load more rows to measure the load itself",
    Limit.VERIFICATION: "reading back and comparing rows",
    Limit.NOTHING: "no single phase takes half of the time",
}


def limit(found: LimitedBy) -> str:
    """Return what limits the run, and the share of the workers' time per phase."""
    return f"{_LIMITS[found.limit]} ({', '.join(f'{name} {share}' for name, share in shares(found))})"


def shares(found: LimitedBy) -> list[tuple[str, str]]:
    """Return the phases with their shares of the workers' time; shares below 0.5 % are left out."""
    by_phase = {
        "send and commit": found.server,
        "generate and encode": found.generation,
        "connect": found.connecting,
        "verify": found.verification,
        "throttled": found.throttled,
    }
    return [(name, f"{share * 100:.0f}%") for name, share in by_phase.items() if share >= 0.005]


def latency(percentiles: Percentiles) -> str:
    """Return the fleet's percentiles with the number of rows per batch, which they depend on."""
    sizes: Sequence[int] = percentiles.batch_sizes
    size = count(sizes[0]) if len(sizes) == 1 else f"{count(sizes[0])} to {count(sizes[-1])}"
    named = ("p50", percentiles.p50), ("p90", percentiles.p90), ("p99", percentiles.p99), ("p99.9", percentiles.p999)
    figures = ", ".join(f"{name} {milliseconds(value)}" for name, value in (*named, ("max", percentiles.max)))
    return f"Batch latency ({count(percentiles.batches)} batches of {size} rows): {figures}"


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
