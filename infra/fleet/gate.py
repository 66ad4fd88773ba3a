"""The gate in front of the load: no worker loads before all of them are ready, so that they load at the same time."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime

from core.plan import LoadPlan
from core.results import ExitReason, WorkerResult
from core.settings_key import setting_key
from infra.fleet.runner import Runner

POLL_SECONDS = 0.05
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Gate:
    """The outcome of waiting for the workers."""

    missing: Sequence[str]
    """The workers for which it did not wait longer, in the plan's order."""
    ended: AbstractSet[str]
    """The workers that had ended, or that the platform could not start."""
    all_ready: datetime | None = None
    opened: datetime | None = None
    interrupted: bool = False

    @property
    def instants(self) -> Mapping[str, datetime]:
        """The instants that were reached, by their field of `core.results.FleetInstants`."""
        known = {"all_ready": self.all_ready, "opened": self.opened}
        return {name: instant for name, instant in known.items() if instant is not None}


def pass_gate(
    plan: LoadPlan, runner: Runner, wanted: Callable[[], bool], running: Callable[[], AbstractSet[str]]
) -> Gate:
    """Wait until all workers are ready, then open the gate; stop all of them if some are not ready in time.

    `running` returns the workers that have not ended, after it has restarted those that may be. A worker that ended does not
    delay the others: the gate stays closed at once, or opens for the others if the plan allows fewer workers.
    """
    gate = _wait(plan, runner, wanted, running)
    if gate.interrupted or not _may_open(plan, gate):
        runner.stop()
        return gate
    runner.open_gate(frozenset(gate.missing))
    return Gate(gate.missing, gate.ended, gate.all_ready, datetime.now(UTC))


def error_of(plan: LoadPlan, gate: Gate, results: Iterable[WorkerResult]) -> str:
    """Return why nothing was loaded, with the workers that were missing and why."""
    one = len(gate.missing) == 1
    return (
        f"{setting_key('workers')}: {len(gate.missing)} of {len(plan.workers)} workers {'was' if one else 'were'} not ready, "
        f"and nothing was loaded: "
        f"{_reasons(gate, results)}; to load without {'it' if one else 'them'}, set {setting_key('allowFewerWorkers')}"
    )


def warnings_of(plan: LoadPlan, gate: Gate, results: Iterable[WorkerResult]) -> Sequence[str]:
    """Return a warning if the gate was opened without some workers."""
    if gate.opened is None or not gate.missing:
        return ()
    loaded = len(plan.workers) - len(gate.missing)
    return (f"{loaded} of {len(plan.workers)} workers loaded; not ready: {_reasons(gate, results)}",)


def judged(plan: LoadPlan, gate: Gate, result: WorkerResult) -> WorkerResult:
    """Return the result of a worker with the reason for which the gate kept it from loading, if it did."""
    if gate.interrupted or result.worker_id in gate.ended or not gate.missing:
        return result
    if result.worker_id in gate.missing:
        problem = (
            f"not ready: it had started, but was not connected within {plan.start_seconds} s; raise "
            f"{setting_key('startTimeout')}"
        )
        return result.model_copy(update={"exit_reason": ExitReason.TIMED_OUT, "errors": (*result.errors, problem)})
    if gate.opened is None:
        problem = "stopped before it loaded, because not every worker was ready"
        return result.model_copy(update={"errors": (*result.errors, problem)})
    return result


def _wait(plan: LoadPlan, runner: Runner, wanted: Callable[[], bool], running: Callable[[], AbstractSet[str]]) -> Gate:
    planned = [worker.id for worker in plan.workers]
    deadline = time.monotonic() + plan.start_seconds
    while True:
        late = time.monotonic() > deadline
        active = running()
        # A worker that ended while it waited for the others is missing, too.
        ready = runner.ready() & active
        missing = [worker for worker in planned if worker not in ready]
        ended = frozenset(missing) - active
        if not missing:
            return Gate(missing, ended, all_ready=datetime.now(UTC))
        if not wanted():
            return Gate(missing, ended, interrupted=True)
        if late or len(ended) == len(missing):
            return Gate(missing, ended)
        if ended and not plan.allow_fewer_workers:
            # The others may still have become ready in time.
            return Gate([worker for worker in missing if worker in ended], ended)
        time.sleep(POLL_SECONDS)


def _may_open(plan: LoadPlan, gate: Gate) -> bool:
    return not gate.missing or (plan.allow_fewer_workers and len(gate.missing) < len(plan.workers))


def _reasons(gate: Gate, results: Iterable[WorkerResult]) -> str:
    """Return the first missing workers, each with the last error of its result."""
    missing = [result for result in results if result.worker_id in gate.missing]
    named = [f"{each.worker_id}: {each.errors[-1] if each.errors else each.exit_reason}" for each in missing]
    others = [f"and {len(named) - _MOST_NAMED} more"] if len(named) > _MOST_NAMED else []
    return "; ".join([*named[:_MOST_NAMED], *others])
