"""Turn the exit of a worker's process into its result."""

import signal

from core.errors import ExitCode
from core.plan import LoadPlan, WorkerPlan
from core.results import ExitReason, Instants, Metrics, Progress, WorkerResult
from core.worker_output import reports_of
from infra.fleet.runner import ProcessExit

_LONGEST_DETAIL = 500
_TERMINATED = (-signal.SIGTERM, ExitCode.TERMINATED)
"""The exit codes of a worker that SIGTERM ended: before it handled signals, and after."""


def result_of(plan: LoadPlan, worker: WorkerPlan, status: ProcessExit) -> WorkerResult:
    """Return the result in the worker's output, with the platform's exit reason, or a failure if it has no result."""
    own = _own_result(status.output, worker.id)
    if own is None:
        return _missing_result(plan, worker, status, _last_progress(status.output, worker.id))
    if status.reason is None or own.exit_reason is ExitReason.COMPLETED:
        return own.model_copy(update={"exit_code": status.exit_code, "instants": _instants(own, status)})
    errors = (f"{status.reason.value}: {status.detail}",) if status.detail else ()
    changed = {"exit_code": status.exit_code, "exit_reason": status.reason, "success": False}
    return own.model_copy(update={**changed, "instants": _instants(own, status), "errors": (*own.errors, *errors)})


def _instants(own: WorkerResult, status: ProcessExit) -> Instants:
    """Return the worker's instants with those that only the platform reports: its end, and its start if it is unknown."""
    known = own.instants
    ends = {"started": known.started or status.started_at, "ended": status.ended_at or known.ended}
    return known.model_copy(update=ends)


def _missing_result(plan: LoadPlan, worker: WorkerPlan, status: ProcessExit, last: Progress | None) -> WorkerResult:
    """Return a failure with the rows of the last progress line, which are a lower bound."""
    ended = ExitReason.INTERRUPTED if status.exit_code in _TERMINATED else ExitReason.FAILED
    reason = status.reason or ended
    seconds = (last.at - status.started_at).total_seconds() if last and status.started_at else 0.0
    metrics = Metrics(
        rows_processed=last.rows if last else 0,
        batch_count=last.batches if last else 0,
        bytes_written=last.bytes if last else 0,
        duration_ms=max(round(seconds * 1000), 0),
        rows_per_second=round(last.rows / seconds, 1) if last and seconds > 0 else 0.0,
    )
    problem = f"exit code {status.exit_code}, no result" if status.exit_code is not None else "no result"
    detail = status.detail.strip()[-_LONGEST_DETAIL:]
    return WorkerResult(
        worker_id=worker.id,
        started_at=status.started_at,
        completed_at=status.ended_at,
        success=False,
        tables_processed=worker.tables,
        operation=plan.operation,
        metrics=metrics,
        errors=(f"{reason.value}: {problem}" + (f"; {detail}" if detail else ""),),
        run_id=plan.run_id,
        exit_reason=reason,
        exit_code=status.exit_code,
        instants=Instants(started=status.started_at, ended=status.ended_at),
        peak_memory_mb=last.memory_mb if last else None,
    )


def _own_result(output: str, worker_id: str) -> WorkerResult | None:
    last = next((report for report in reports_of(output) if isinstance(report, WorkerResult)), None)
    return last if last and last.worker_id == worker_id else None


def _last_progress(output: str, worker_id: str) -> Progress | None:
    reports = (report for report in reports_of(output) if isinstance(report, Progress))
    return next((progress for progress in reports if progress.progress == worker_id), None)
