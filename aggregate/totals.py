"""The arithmetic: from one run's results to its report. No file, no format."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from aggregate import bottleneck, latency
from aggregate import warnings as caveats
from aggregate.collect import Collected
from aggregate.names import natural
from aggregate.report import Judgement, Report, Status, Totals, Verification, WorkerLine
from aggregate.thresholds import judge
from core.errors import ExitCode
from core.plan import Operation, WorkerPlan
from core.results import ExitReason, TableVerification, WorkerResult
from core.text import one_line
from core.thresholds import Threshold, parse_thresholds

_Number = TypeVar("_Number", int, float)


def report(collected: Collected, thresholds: Sequence[Threshold] = ()) -> Report:
    """The report of one run, judged by the plan's thresholds and by `thresholds`.

    Raises InputError for a histogram that cannot be decoded or a threshold that cannot be read.
    """
    lines = worker_lines(collected)
    results = [line.result for line in lines if line.result is not None]
    percentiles, bins = latency.merge(results)
    verification = verify(results)
    totals = total(lines, collected.start_spread_ms)
    planned = parse_thresholds(collected.plan.thresholds if collected.plan else ())
    judged = judge((*planned, *thresholds), totals, percentiles, verification)
    first = results[0] if results else None
    own = {name: value for result in results for name, value in result.server_settings.items()}
    settings = {**own, **collected.server_settings}
    return Report(
        run_id=collected.run_id,
        stack=collected.stack,
        platform=collected.platform,
        source=collected.source or (collected.plan.source if collected.plan else None),
        operation=collected.plan.operation if collected.plan else first.operation if first else None,
        totals=totals,
        workers=tuple(lines),
        latency_ms=percentiles,
        latency_histogram=bins,
        verification=verification,
        thresholds=judged,
        server_settings=settings,
        limited_by=bottleneck.of(results),
        warnings=(*caveats.of(lines, settings, planned=collected.plan is not None), *collected.warnings),
        exit_code=_exit_code(lines, verification, judged),
        plan=collected.plan,
    )


def worker_lines(collected: Collected) -> list[WorkerLine]:
    """A line for each planned worker, in the plan's order; without a plan, for each that left something."""
    results = {result.worker_id: result for result in collected.results}
    planned = {worker.id: worker for worker in collected.plan.workers} if collected.plan is not None else {}
    names = planned or sorted({*results, *collected.unreadable, *collected.missing}, key=natural)
    return [
        _line(name, planned.get(name), results[name]) if name in results else _empty(name, planned.get(name), collected)
        for name in names
    ]


def _empty(name: str, planned: WorkerPlan | None, collected: Collected) -> WorkerLine:
    unreadable = collected.unreadable.get(name)
    return WorkerLine(
        worker_id=name,
        status=Status.UNREADABLE if unreadable else Status.MISSING,
        reason=unreadable or collected.missing.get(name, "left no result"),
        tables=planned.tables if planned else (),
        planned_rows=planned.rows if planned else None,
    )


def _line(name: str, planned: WorkerPlan | None, result: WorkerResult) -> WorkerLine:
    rows = planned.rows if planned else None
    status, reason = status_of(result), _reason(result)
    if status is Status.OK and rows is not None and _short(result, rows):
        status, reason = Status.FAILED, f"acknowledged {result.metrics.rows_processed:,} of {rows:,} rows"
    timed = result.metrics.duration_ms > 0
    return WorkerLine(
        worker_id=name,
        status=status,
        reason="" if status.finished else reason,
        tables=result.tables_processed or (planned.tables if planned else ()),
        rows=result.metrics.rows_processed,
        planned_rows=rows,
        duration_ms=result.metrics.duration_ms if timed else None,
        rows_per_second=round(result.metrics.rows_per_second, 1) if timed else None,
        attempt=result.attempt,
        result=result,
    )


def status_of(result: WorkerResult) -> Status:
    """A worker that compared its rows and found a difference did its work; any other without success did not."""
    if _differs(result):
        return Status.DIFFERS
    if not result.success:
        return Status.FAILED if result.exit_reason is ExitReason.COMPLETED else Status(result.exit_reason.value)
    return Status.RETRIED if result.attempt > 1 else Status.OK


def _differs(result: WorkerResult) -> bool:
    found = result.verification_report
    if found is None or not (found.total_missing or found.total_mismatched or found.total_extra):
        return False
    return result.success or result.exit_reason is ExitReason.COMPLETED or result.exit_code == ExitCode.DIFFERENCE


def _short(result: WorkerResult, planned: int) -> bool:
    """Whether a first attempt to load says that all went well, and counts fewer rows than it had to load."""
    return result.operation is not Operation.VERIFY and result.metrics.rows_processed < planned


def _reason(result: WorkerResult) -> str:
    """The last error in one line that a terminal can show."""
    if result.errors:
        printable = "".join(each if each.isprintable() else " " for each in result.errors[-1])
        return one_line(printable)
    return f"exit code {result.exit_code}" if result.exit_code is not None else "gave no reason"


def total(lines: Sequence[WorkerLine], start_spread_ms: float | None) -> Totals:
    """The fleet's figures. The spread of the starts is the platform's where it told one, else the workers' own."""
    results = [line.result for line in lines if line.result is not None]
    environments = [result.environment for result in results if result.environment is not None]
    rated = [line for line in lines if line.status in (Status.OK, Status.DIFFERS) and line.attempt == 1]
    rows = sum(line.rows for line in lines)
    starts = [result.started_at for result in results if result.started_at is not None]
    ends = [result.completed_at for result in results if result.completed_at is not None]
    planned = [line.planned_rows for line in lines if line.planned_rows is not None]
    wall = round((max(ends) - min(starts)).total_seconds() * 1000) if starts and ends else None
    if start_spread_ms is None and starts:
        start_spread_ms = (max(starts) - min(starts)).total_seconds() * 1000
    throttled = _sum(environment.throttled_ms for environment in environments)
    return Totals(
        workers=len(lines),
        finished_workers=sum(line.status.finished for line in lines),
        failed_workers=sum(not line.status.finished for line in lines),
        missing_workers=sum(line.result is None for line in lines),
        retried_workers=sum(line.attempt > 1 for line in lines),
        rated_workers=len(rated),
        tables=len({table for line in lines for table in line.tables}),
        rows=rows,
        planned_rows=sum(planned) if len(planned) == len(lines) else None,
        batches=sum(result.metrics.batch_count for result in results),
        bytes_written=sum(result.metrics.bytes_written for result in results),
        duration_ms=max((line.duration_ms or 0 for line in lines), default=0),
        rows_per_second=round(sum(line.result.metrics.rows_per_second for line in rated if line.result), 1),
        started_at=min(starts, default=None),
        completed_at=max(ends, default=None),
        wall_clock_ms=wall,
        wall_clock_rows_per_second=round(rows / wall * 1000, 1) if wall else None,
        start_spread_ms=round(start_spread_ms) if start_spread_ms is not None else None,
        peak_memory_mb=_max(result.peak_memory_mb for result in results),
        throttled_ms=round(throttled, 1) if throttled is not None else None,
        nr_throttled=_sum(environment.nr_throttled for environment in environments),
    )


def verify(results: Iterable[WorkerResult]) -> Verification | None:
    """All workers' comparisons, by table and in total; None when no worker compared anything."""
    reports = [result.verification_report for result in results if result.verification_report is not None]
    if not reports:
        return None
    by_table: dict[str, list[TableVerification]] = {}
    for found in (table for report_ in reports for table in report_.tables):
        by_table.setdefault(found.table, []).append(found)
    return Verification(
        expected=sum(each.total_expected for each in reports),
        found=sum(each.total_found for each in reports),
        missing=sum(each.total_missing for each in reports),
        mismatched=sum(each.total_mismatched for each in reports),
        matched=sum(each.total_matched for each in reports),
        extra=sum(each.total_extra for each in reports),
        tables=tuple(_table(name, parts) for name, parts in by_table.items()),
    )


_DIFFERENCES_KEPT = 10


def _table(name: str, parts: Sequence[TableVerification]) -> TableVerification:
    return TableVerification(
        table=name,
        expected=sum(part.expected for part in parts),
        found=sum(part.found for part in parts),
        missing=sum(part.missing for part in parts),
        mismatched=sum(part.mismatched for part in parts),
        matched=sum(part.matched for part in parts),
        extra=sum(part.extra for part in parts),
        differences=tuple(each for part in parts for each in part.differences)[:_DIFFERENCES_KEPT],
        duration_ms=max(part.duration_ms for part in parts),
    )


def _exit_code(lines: Sequence[WorkerLine], verification: Verification | None, judged: Sequence[Judgement]) -> ExitCode:
    """A fleet that did not finish says so first: what else is wrong may be no more than what it did not get to."""
    if not lines or any(not line.status.finished for line in lines):
        return ExitCode.FAILED
    if verification is not None and not verification.clean:
        return ExitCode.DIFFERENCE
    if not all(each.held for each in judged):
        return ExitCode.THRESHOLD
    return ExitCode.OK


def _sum(values: Iterable[_Number | None]) -> _Number | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _max(values: Iterable[_Number | None]) -> _Number | None:
    return max((value for value in values if value is not None), default=None)
