"""From how a worker ended to a result: its own words where there are any, and else what its last words tell."""

from pydantic import ValidationError

from core.plan import LoadPlan, WorkerPlan
from core.results import ExitReason, Metrics, Progress, WorkerResult
from infra.fleet.runner import ProcessExit

_LONGEST_DETAIL = 500


def result_of(plan: LoadPlan, worker: WorkerPlan, ended: ProcessExit) -> WorkerResult:
    """One result for every planned worker, whatever became of it."""
    lines = [line for line in ended.output.splitlines() if line.startswith("{")]
    own = _own_result(lines, worker.id)
    if own is None:
        return _result_of_silence(plan, worker, ended, _last_progress(lines, worker.id))
    if ended.reason is None or own.exit_reason is ExitReason.COMPLETED:
        return own.model_copy(update={"exit_code": ended.exit_code})
    said = (f"{ended.reason.value}: {ended.detail}",) if ended.detail else ()
    known = {"exit_code": ended.exit_code, "exit_reason": ended.reason, "success": False}
    return own.model_copy(update={**known, "errors": (*own.errors, *said)})


def _result_of_silence(plan: LoadPlan, worker: WorkerPlan, ended: ProcessExit, last: Progress | None) -> WorkerResult:
    """A worker that left no result: failed, with the rows of its last progress line as a lower bound."""
    reason = ended.reason or ExitReason.FAILED
    seconds = (last.at - ended.started_at).total_seconds() if last and ended.started_at else 0.0
    metrics = Metrics(
        rows_processed=last.rows if last else 0,
        batch_count=last.batches if last else 0,
        bytes_written=last.bytes if last else 0,
        duration_ms=max(round(seconds * 1000), 0),
        rows_per_second=round(last.rows / seconds, 1) if last and seconds > 0 else 0.0,
    )
    said = f"exit code {ended.exit_code}, no result" if ended.exit_code is not None else "no result"
    detail = ended.detail.strip()[-_LONGEST_DETAIL:]
    return WorkerResult(
        worker_id=worker.id,
        started_at=ended.started_at,
        completed_at=ended.ended_at,
        success=False,
        tables_processed=worker.tables,
        operation=plan.operation,
        metrics=metrics,
        errors=(f"{reason.value}: {said}" + (f"; {detail}" if detail else ""),),
        run_id=plan.run_id,
        exit_reason=reason,
        exit_code=ended.exit_code,
        peak_memory_mb=last.memory_mb if last else None,
    )


def _own_result(lines: list[str], worker_id: str) -> WorkerResult | None:
    for line in reversed(lines):
        try:
            result = WorkerResult.model_validate_json(line)
        except ValidationError:
            continue
        return result if result.worker_id == worker_id else None
    return None


def _last_progress(lines: list[str], worker_id: str) -> Progress | None:
    for line in reversed(lines):
        try:
            progress = Progress.model_validate_json(line)
        except ValidationError:
            continue
        if progress.progress == worker_id:
            return progress
    return None
