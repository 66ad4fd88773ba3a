"""One run of a fleet: prepare, start together, wait with a bound, collect. What goes wrong is a result, no exception."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import BaseModel

from core.errors import LoadtestError
from core.plan import LoadPlan
from core.results import ExitReason, WorkerResult
from core.text import one_line
from infra.fleet.retries import Restarts
from infra.fleet.runner import ProcessExit, Runner
from infra.fleet.worker_results import result_of

POLL_SECONDS = 0.2
PREPARE_GRACE_SECONDS = 60
"""Beside the time that `prepare` itself may wait for the server."""
_INTERRUPTED = "the run was interrupted before its end; `pulumi up` runs it again, `pulumi destroy` removes it"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a fleet came to. `error` is set when the workers never began or were interrupted, and says which."""

    results: Sequence[WorkerResult] = ()
    error: str | None = None
    warnings: Sequence[str] = ()
    start_spread_ms: float | None = None
    server_settings: dict[str, str] = field(default_factory=dict)

    @property
    def succeeded(self) -> bool:
        """Whether every worker did all that it was to do."""
        return self.error is None and all(result.success for result in self.results)


class _Told(BaseModel):
    """The line that `worker prepare` ends with."""

    warnings: tuple[str, ...] = ()
    server_settings: dict[str, str] = {}


def run_fleet(plan: LoadPlan, runner: Runner, wanted: Callable[[], bool]) -> Outcome:
    """Run the fleet to its end; `wanted` turns false when nobody waits for it any more, and ends it."""
    prepared = runner.prepare(plan.connect_seconds + PREPARE_GRACE_SECONDS, wanted)
    if prepared.reason is ExitReason.INTERRUPTED:
        return Outcome(error=_INTERRUPTED)
    if prepared.exit_code != 0:
        return Outcome(error=_why(prepared))
    told = _told(prepared.output)
    runner.start()
    restarts = Restarts(plan, runner)
    stopped = _wait(plan, runner, wanted, restarts)
    ended = runner.exits()
    silent = ProcessExit(None, "", ExitReason.NEVER_STARTED)
    results = [
        restarts.marked(result_of(plan, worker, ended.get(worker.id, silent)), worker.id) for worker in plan.workers
    ]
    finished, error = _finished(runner)
    return Outcome(
        results=[_timed_out(result, plan) for result in results] if stopped is ExitReason.TIMED_OUT else results,
        error=_INTERRUPTED if stopped is ExitReason.INTERRUPTED else error,
        warnings=(*told.warnings, *finished),
        start_spread_ms=_spread(worker.started_at for worker in ended.values()),
        server_settings=told.server_settings,
    )


def _wait(plan: LoadPlan, runner: Runner, wanted: Callable[[], bool], restarts: Restarts) -> ExitReason | None:
    """Until all have ended; returns why they were stopped, if they were."""
    deadline = time.monotonic() + plan.timeout_seconds
    while restarts.among(runner.running()):
        if time.monotonic() > deadline:
            runner.stop()
            return ExitReason.TIMED_OUT
        if not wanted():
            runner.stop()
            return ExitReason.INTERRUPTED
        time.sleep(POLL_SECONDS)
    return None


def _finished(runner: Runner) -> tuple[Sequence[str], str | None]:
    """Return the warnings and the error of bringing the files home: the workers' results are kept in any case."""
    try:
        return runner.finish(), None
    except LoadtestError as error:
        return (), str(error)


def _timed_out(result: WorkerResult, plan: LoadPlan) -> WorkerResult:
    """A worker that was stopped because the run's time was over says so."""
    if result.success or result.exit_reason not in (ExitReason.INTERRUPTED, ExitReason.KILLED):
        return result
    error = f"timed out: the run's timeout of {plan.timeout_seconds} s was over; raise loadtest:timeout"
    return result.model_copy(update={"exit_reason": ExitReason.TIMED_OUT, "errors": (*result.errors, error)})


def _why(prepared: ProcessExit) -> str:
    """The last thing that `prepare` said, or how it ended."""
    lines = [line.removeprefix("error: ") for line in prepared.detail.splitlines() if line.startswith("error: ")]
    if lines:
        return lines[-1]
    reason = prepared.reason.value if prepared.reason else f"exit code {prepared.exit_code}"
    return f"prepare: {reason}; {one_line(prepared.detail, -500)}"


def _told(output: str) -> _Told:
    lines = output.strip().splitlines()
    return _Told.model_validate_json(lines[-1]) if lines else _Told()


def _spread(starts: Iterable[datetime | None]) -> float | None:
    """Milliseconds from the first start to the last."""
    known = [start for start in starts if start]
    return round((max(known) - min(known)).total_seconds() * 1000, 1) if known else None
