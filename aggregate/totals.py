"""Compute the report of a run from its workers' results. Reads no file and writes no format."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from aggregate.collect import Collected
from aggregate.latency import merge_latency
from aggregate.limits import limited_by
from aggregate.phases import Span, Timeline
from aggregate.report import Judgement, Report, Status, Totals, Verification, WorkerLine, worker_order, worst
from aggregate.timeline import ran_together, timeline_of, work_spans
from aggregate.warnings import run_warnings
from core.errors import ExitCode
from core.options import Operation
from core.plan import WorkerPlan
from core.results import MOST_DIFFERENCES, ExitReason, TableVerification, WorkerResult
from core.stores import SOURCES
from core.text import visible
from core.thresholds import Threshold, parse_thresholds

_REASON = 1_000
"""How many characters of an error are shown; the JSON report has all of it in the worker's result."""
_Number = TypeVar("_Number", int, float)


def report(collected: Collected, thresholds: Sequence[Threshold] = ()) -> Report:
    """Return the report of one run, judged by the plan's thresholds and by `thresholds`.

    Raises InputError for a histogram that cannot be decoded and for an invalid threshold.
    """
    timeline = timeline_of(collected.results, collected.instants)
    lines = worker_lines(collected, timeline)
    results = [line.result for line in lines if line.result is not None]
    source = collected.source or (collected.plan.source if collected.plan else None)
    percentiles, bins = merge_latency(results)
    planned = parse_thresholds(collected.plan.thresholds if collected.plan else ())
    first = results[0] if results else None
    settings = {name: value for result in results for name, value in result.server_settings.items()}
    settings |= collected.server_settings
    unjudged = Report(
        run_id=collected.run_id,
        stack=collected.stack,
        platform=collected.platform,
        source=source,
        operation=collected.plan.operation if collected.plan else first.operation if first else None,
        execution_id=collected.execution_id,
        schema_name=collected.schema_name,
        server=collected.server or _server(source, settings),
        totals=fleet_totals(lines, timeline, collected.start_spread_ms),
        timeline=timeline,
        workers=tuple(lines),
        latency_ms=percentiles,
        latency_histogram=bins,
        verification=sum_verification(results),
        server_settings=settings,
        limited_by=limited_by(results, timeline, source),
        warnings=(
            *run_warnings(lines, settings, timeline, planned=collected.plan is not None),
            *collected.warnings,
        ),
        exit_code=ExitCode.OK,
        plan=collected.plan,
    )
    judged = tuple(_judge(threshold, unjudged) for threshold in (*planned, *thresholds))
    exit_code = _exit_code(lines, unjudged.verification, judged)
    return unjudged.model_copy(update={"thresholds": judged, "exit_code": exit_code})


def _server(source: str | None, settings: Mapping[str, str]) -> str | None:
    """Return the name and the version of the server as far as its settings state them."""
    return (SOURCES[source].server_of(settings) or None) if source in SOURCES else None


def worker_lines(collected: Collected, timeline: Timeline | None) -> list[WorkerLine]:
    """Return a line for each planned worker in the plan's order; without a plan, for each worker that is known."""
    results = {result.worker_id: result for result in collected.results}
    planned = {worker.id: worker for worker in collected.plan.workers} if collected.plan is not None else {}
    names = planned or sorted({*results, *collected.unreadable, *collected.missing}, key=worker_order)
    work = work_spans(timeline)
    return [
        _line(name, planned.get(name), results[name], work.get(name))
        if name in results
        else _empty(name, planned.get(name), collected)
        for name in names
    ]


def _empty(name: str, planned: WorkerPlan | None, collected: Collected) -> WorkerLine:
    unreadable = collected.unreadable.get(name)
    return WorkerLine(
        worker_id=name,
        status=Status.UNREADABLE if unreadable else Status.MISSING,
        reason=visible(unreadable or collected.missing.get(name, "left no result"), _REASON),
        tables=planned.tables if planned else (),
        planned_rows=planned.rows if planned else None,
    )


def _line(name: str, planned: WorkerPlan | None, result: WorkerResult, work: Span | None) -> WorkerLine:
    rows = planned.rows if planned else None
    status, reason = status_of(result), _reason(result)
    if status is Status.OK and rows is not None and _too_few_rows(result, rows):
        status, reason = Status.FAILED, f"acknowledged {result.metrics.rows_processed:,} of {rows:,} rows"
    duration = work.duration_ms if work else 0
    return WorkerLine(
        worker_id=name,
        status=status,
        reason="" if status.finished else reason,
        tables=result.tables_processed or (planned.tables if planned else ()),
        rows=result.metrics.rows_processed,
        planned_rows=rows,
        duration_ms=duration or None,
        rows_per_second=round(result.metrics.rows_processed / duration * 1000, 1) if duration else None,
        attempt=result.attempt,
        result=result,
    )


def status_of(result: WorkerResult) -> Status:
    """Return a worker's status. A worker that finished its comparison and found a difference has done its work."""
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


def _too_few_rows(result: WorkerResult, planned: int) -> bool:
    """Return whether a worker that loads acknowledged fewer rows than planned, although it reports success."""
    return result.operation is not Operation.VERIFY and result.metrics.rows_processed < planned


def _reason(result: WorkerResult) -> str:
    """Return the last error in one line."""
    if result.errors:
        return visible(result.errors[-1], _REASON)
    return f"exit code {result.exit_code}" if result.exit_code is not None else "unknown reason"


def fleet_totals(
    lines: Sequence[WorkerLine], timeline: Timeline | None, start_spread_ms: float | None = None
) -> Totals:
    """Return the fleet's figures. `start_spread_ms` of an older run counts only if no worker's start is known."""
    results = [line.result for line in lines if line.result is not None]
    environments = [result.environment for result in results if result.environment is not None]
    rows = sum(line.rows for line in lines)
    planned = [line.planned_rows for line in lines if line.planned_rows is not None]
    work = work_spans(timeline)
    starts, ends = [span.from_ms for span in work.values()], [span.to_ms for span in work.values()]
    wall = max(ends) - min(starts) if work else None
    busy = sum(span.duration_ms for span in work.values())
    spread = max(starts) - min(starts) if work else start_spread_ms
    rated = [line for line in lines if line.is_rated]
    throttled = _sum(environment.throttled_ms for environment in environments)
    return Totals(
        status=worst(line.status for line in lines),
        workers=len(lines),
        ok_workers=sum(line.status in (Status.OK, Status.RETRIED) for line in lines),
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
        rows_per_second=_sum_of_rates(rated, work),
        started_at=min((each.started_at for each in results if each.started_at is not None), default=None),
        completed_at=max((each.completed_at for each in results if each.completed_at is not None), default=None),
        wall_clock_ms=wall,
        wall_clock_rows_per_second=round(rows / wall * 1000, 1) if wall else None,
        run_ms=timeline.duration_ms if timeline else None,
        peak_concurrency=max((each.workers for each in timeline.concurrency), default=None) if timeline else None,
        mean_concurrency=round(busy / wall, 1) if wall else None,
        start_spread_ms=round(spread) if spread is not None else None,
        peak_memory_mb=_max(result.peak_memory_mb for result in results),
        throttled_ms=round(throttled, 1) if throttled is not None else None,
        nr_throttled=_sum(environment.nr_throttled for environment in environments),
    )


def _sum_of_rates(rated: Sequence[WorkerLine], work: Mapping[str, Span]) -> float | None:
    """Return the sum of the rates, rounded once; None if the workers did not run together or have no duration."""
    spans = [work[line.worker_id] for line in rated if line.worker_id in work]
    if not ran_together(spans):
        return None
    rates = (line.rows / work[line.worker_id].duration_ms for line in rated if line.worker_id in work)
    return round(sum(rates) * 1000, 1)


def sum_verification(results: Iterable[WorkerResult]) -> Verification | None:
    """Return the sum of all workers' comparisons, per table and in total; None if no worker compared anything."""
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


def _table(name: str, parts: Sequence[TableVerification]) -> TableVerification:
    return TableVerification(
        table=name,
        expected=sum(part.expected for part in parts),
        found=sum(part.found for part in parts),
        missing=sum(part.missing for part in parts),
        mismatched=sum(part.mismatched for part in parts),
        matched=sum(part.matched for part in parts),
        extra=sum(part.extra for part in parts),
        differences=tuple(each for part in parts for each in part.differences)[:MOST_DIFFERENCES],
        duration_ms=max(part.duration_ms for part in parts),
    )


def _judge(threshold: Threshold, report_: Report) -> Judgement:
    """Judge the whole fleet by one threshold. A metric that was not measured fails it."""
    value = threshold.metric.read(report_)
    return Judgement(threshold=threshold.text, value=value, held=value is not None and threshold.holds(value))


def _exit_code(lines: Sequence[WorkerLine], verification: Verification | None, judged: Sequence[Judgement]) -> ExitCode:
    """Return the run's exit code. An unfinished fleet takes precedence, because it can cause the other findings."""
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
