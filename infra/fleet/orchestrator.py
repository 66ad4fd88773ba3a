"""Run a fleet once: prepare, start all workers, let them load together, wait, retry failed workers, collect results.

A failure is part of the outcome, not an exception.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, datetime

from core.errors import LoadtestError
from core.plan import LoadPlan
from core.results import ExitReason, FleetInstants, Preparation, WorkerResult
from core.settings_key import setting_key
from core.text import one_line
from core.worker_output import lines_of
from infra.fleet.gate import error_of, judged, pass_gate, warnings_of
from infra.fleet.runner import FINAL_EXIT_CODES, ProcessExit, RestartingRunner, Runner
from infra.fleet.worker_results import result_of

POLL_SECONDS = 0.2
PREPARE_GRACE_SECONDS = 60
"""Added to the time that `worker prepare` itself may wait for the server."""
_INTERRUPTED = "the run was interrupted before its end; `pulumi up` runs it again, `pulumi destroy` removes it"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a run. `error` is set if the workers did not start, or were interrupted."""

    results: Sequence[WorkerResult] = ()
    error: str | None = None
    warnings: Sequence[str] = ()
    start_spread_ms: float | None = None
    server_settings: dict[str, str] = field(default_factory=dict)
    instants: FleetInstants = field(default_factory=FleetInstants)

    @property
    def succeeded(self) -> bool:
        """Whether every worker succeeded."""
        return self.error is None and all(result.success for result in self.results)


def run_fleet(plan: LoadPlan, runner: Runner, wanted: Callable[[], bool]) -> Outcome:
    """Run the fleet to its end, or stop it as soon as `wanted` returns False."""
    instants = {"begun": datetime.now(UTC)}
    prepared = runner.prepare(plan.connect_seconds + PREPARE_GRACE_SECONDS, wanted)
    if prepared.reason is ExitReason.INTERRUPTED:
        return Outcome(error=_INTERRUPTED)
    if prepared.exit_code != 0:
        return Outcome(error=_preparation_error(prepared))
    preparation = _preparation(prepared.output)
    instants["prepared"] = datetime.now(UTC)
    runner.start()
    instants["workers_started"] = datetime.now(UTC)
    retries = _Retries(plan, runner)
    gate = pass_gate(plan, runner, wanted, lambda: retries.restart_failed(runner.running()))
    stopped = ExitReason.INTERRUPTED if gate.interrupted else None
    if gate.opened:
        retries.give_up(gate.missing)
        stopped = _wait(plan, runner, wanted, retries)
    exits = runner.exits()
    unknown = ProcessExit(None, "", ExitReason.NEVER_STARTED)
    results = [
        retries.with_attempt(result_of(plan, worker, exits.get(worker.id, unknown)), worker.id)
        for worker in plan.workers
    ]
    results = [judged(plan, gate, result) for result in results]
    if stopped is ExitReason.TIMED_OUT:
        results = [_timed_out(result, plan) for result in results]
    warnings, error = _finish(runner)
    if stopped is ExitReason.INTERRUPTED:
        error = _INTERRUPTED
    elif not gate.opened:
        error = error_of(plan, gate, results)
    instants["ended"] = datetime.now(UTC)
    return Outcome(
        results=results,
        error=error,
        warnings=(*preparation.warnings, *warnings_of(plan, gate, results), *warnings),
        start_spread_ms=_spread(worker.started_at for worker in exits.values()),
        server_settings=preparation.server_settings,
        instants=FleetInstants(**instants, **gate.instants),
    )


class _Retries:
    """Restart failed workers, at most as many times as the plan allows, unless the platform does it."""

    def __init__(self, plan: LoadPlan, runner: Runner) -> None:
        self._runner = runner
        self._left = {worker.id: plan.retries if isinstance(runner, RestartingRunner) else 0 for worker in plan.workers}
        self._attempts = dict.fromkeys(self._left, 1)

    def restart_failed(self, running: AbstractSet[str]) -> AbstractSet[str]:
        """Restart failed workers, and return those that are running afterwards."""
        ended = [worker for worker, left in self._left.items() if left and worker not in running]
        return running | {worker for worker in ended if self._restarted(worker)}

    def give_up(self, workers: Iterable[str]) -> None:
        """Do not restart these workers any more."""
        self._left |= dict.fromkeys(workers, 0)

    def with_attempt(self, result: WorkerResult, worker: str) -> WorkerResult:
        """Return the result with the number of its attempt, which a worker without a result cannot report."""
        return result.model_copy(update={"attempt": max(result.attempt, self._attempts[worker])})

    def _restarted(self, worker: str) -> bool:
        status = self._runner.exits().get(worker)
        if (
            status is None
            or status.exit_code is None
            or status.exit_code in FINAL_EXIT_CODES
            or not isinstance(self._runner, RestartingRunner)
        ):
            self._left[worker] = 0
            return False
        self._left[worker] -= 1
        self._attempts[worker] += 1
        self._runner.restart(worker)
        return True


def _wait(plan: LoadPlan, runner: Runner, wanted: Callable[[], bool], retries: _Retries) -> ExitReason | None:
    """Wait until all workers have ended, and return why they were stopped, if they were."""
    deadline = time.monotonic() + plan.timeout_seconds
    while retries.restart_failed(runner.running()):
        if time.monotonic() > deadline:
            runner.stop()
            return ExitReason.TIMED_OUT
        if not wanted():
            runner.stop()
            return ExitReason.INTERRUPTED
        time.sleep(POLL_SECONDS)
    return None


def _finish(runner: Runner) -> tuple[Sequence[str], str | None]:
    """Return the warnings and the error of moving the run's files: an error must not discard the workers' results."""
    try:
        return runner.finish(), None
    except LoadtestError as error:
        return (), str(error)


def _timed_out(result: WorkerResult, plan: LoadPlan) -> WorkerResult:
    """Add the run's timeout to the result of a worker that was stopped because of it."""
    if result.success or result.exit_reason not in (ExitReason.INTERRUPTED, ExitReason.KILLED):
        return result
    error = f"timed out: the run's timeout of {plan.timeout_seconds} s was over; raise {setting_key('timeout')}"
    return result.model_copy(update={"exit_reason": ExitReason.TIMED_OUT, "errors": (*result.errors, error)})


def _preparation_error(prepared: ProcessExit) -> str:
    """Return the last error message of `worker prepare`, or else its exit status."""
    lines = [line.removeprefix("error: ") for line in prepared.detail.splitlines() if line.startswith("error: ")]
    if lines:
        return lines[-1]
    reason = prepared.reason.value if prepared.reason else f"exit code {prepared.exit_code}"
    return f"prepare: {reason}; {one_line(prepared.detail, -500)}"


def _preparation(output: str) -> Preparation:
    last = lines_of(output.strip())[-1]
    return Preparation.model_validate_json(last) if last else Preparation()


def _spread(starts: Iterable[datetime | None]) -> float | None:
    """Return the milliseconds between the first start and the last."""
    known = [start for start in starts if start]
    return round((max(known) - min(known)).total_seconds() * 1000, 1) if known else None
