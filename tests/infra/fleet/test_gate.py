"""No worker loads before all are ready: who was missing, why, and what happens then."""

import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.options import Operation
from core.plan import LoadPlan
from core.results import ExitReason, WorkerResult
from infra.fleet import gate, orchestrator
from infra.fleet.orchestrator import Outcome, run_fleet
from infra.fleet.runner import ProcessExit
from infra.platforms.local.runner import LocalHandles, LocalRunner
from tests.infra.configuration import ROOT
from tests.infra.fleet.plans import smallest_plan

NO_ROOM = "not started after 5 s: Unschedulable: 0/1 nodes are available: 1 Insufficient cpu"
UNSCHEDULED = ProcessExit(None, "", ExitReason.NEVER_STARTED, NO_ROOM)
ALL = frozenset({"worker-1", "worker-2", "worker-3"})


@dataclass
class Waiting:
    """Three workers. Those that have ended have a status in `ended`; the others load once the gate is open."""

    is_ready: frozenset[str] = ALL
    ended: Mapping[str, ProcessExit] = field(default_factory=dict)
    left_out: AbstractSet[str] | None = None
    stopped: bool = False

    def prepare(self, timeout_seconds: float, wanted: Callable[[], bool]) -> ProcessExit:
        return ProcessExit(0, "{}\n")

    def start(self) -> None:
        """Start nothing."""

    def ready(self) -> frozenset[str]:
        return self.is_ready

    def open_gate(self, left_out: AbstractSet[str]) -> None:
        self.left_out = left_out

    def running(self) -> frozenset[str]:
        return frozenset() if self.stopped or self.left_out is not None else ALL - self.ended.keys()

    def stop(self) -> None:
        self.stopped = True

    def exits(self) -> Mapping[str, ProcessExit]:
        def status(worker: str) -> ProcessExit:
            loaded = self.left_out is not None and worker not in self.left_out
            result = WorkerResult(
                worker_id=worker,
                success=loaded,
                operation=Operation.POPULATE,
                errors=() if loaded else ("SIGTERM: the worker was asked to stop",),
                exit_reason=ExitReason.COMPLETED if loaded else ExitReason.INTERRUPTED,
            )
            return ProcessExit(0 if loaded else 143, result.model_dump_json())

        return {worker: self.ended.get(worker) or status(worker) for worker in sorted(ALL)}

    def finish(self) -> Sequence[str]:
        return ()


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (gate, orchestrator):
        monkeypatch.setattr(module, "POLL_SECONDS", 0.001)


def run(runner: Waiting, *, seconds: int = 60, fewer: bool = False) -> Outcome:
    plan = smallest_plan(3, start_seconds=seconds, allow_fewer_workers=fewer)
    return run_fleet(plan, runner, wanted=lambda: True)


def reasons(outcome: Outcome) -> list[ExitReason]:
    return [result.exit_reason for result in outcome.results]


def test_gate_opens_once_all_workers_are_ready():
    runner = Waiting(is_ready=frozenset())
    threading.Timer(0.2, lambda: setattr(runner, "is_ready", ALL)).start()
    begun = datetime.now(UTC)
    outcome = run(runner)
    assert outcome.succeeded, outcome
    assert runner.left_out == frozenset()
    assert outcome.instants.all_ready is not None
    assert (outcome.instants.all_ready - begun).total_seconds() >= 0.2


def test_worker_missing_at_the_bound_fails_the_run():
    runner = Waiting(is_ready=ALL - {"worker-2"})
    outcome = run(runner, seconds=1)
    assert (runner.left_out, runner.stopped, outcome.succeeded) == (None, True, False)
    assert outcome.error == (
        "loadtest:workers: 1 of 3 workers was not ready, and nothing was loaded: worker-2: not ready: it had started, but was "
        "not connected within 1 s; raise loadtest:startTimeout; to load without it, set loadtest:allowFewerWorkers"
    )
    assert reasons(outcome) == [ExitReason.INTERRUPTED, ExitReason.TIMED_OUT, ExitReason.INTERRUPTED]
    assert outcome.results[0].errors[-1] == "stopped before it loaded, because not every worker was ready"
    assert (outcome.instants.all_ready, outcome.instants.opened) == (None, None)


def test_worker_that_ends_closes_the_gate_at_once():
    """The bound is an hour: the others are stopped without waiting for it, and not named as missing."""
    killed = ProcessExit(137, "", ExitReason.OOM_KILLED, "the kernel killed it at its memory limit")
    runner = Waiting(is_ready=frozenset({"worker-1"}), ended={"worker-3": killed})
    outcome = run(runner, seconds=3600)
    assert runner.stopped
    assert outcome.error == (
        "loadtest:workers: 1 of 3 workers was not ready, and nothing was loaded: worker-3: oom_killed: exit code 137, no "
        "result; the kernel killed it at its memory limit; to load without it, set loadtest:allowFewerWorkers"
    )
    assert reasons(outcome) == [ExitReason.INTERRUPTED, ExitReason.INTERRUPTED, ExitReason.OOM_KILLED]


def test_unscheduled_worker_is_named_in_the_clusters_words():
    outcome = run(Waiting(ended={"worker-3": UNSCHEDULED}))
    assert outcome.error is not None
    assert f"worker-3: never_started: no result; {NO_ROOM}" in outcome.error


def test_worker_that_ends_while_it_waits_is_missing():
    outcome = run(Waiting(is_ready=ALL, ended={"worker-1": ProcessExit(137, "", ExitReason.KILLED, "SIGKILL")}))
    assert outcome.error is not None
    assert "worker-1: killed: exit code 137, no result; SIGKILL" in outcome.error


def test_gate_opens_for_fewer_workers_if_allowed():
    runner = Waiting(is_ready=frozenset({"worker-1"}), ended={"worker-3": UNSCHEDULED})
    outcome = run(runner, seconds=1, fewer=True)
    assert runner.left_out == {"worker-2", "worker-3"}
    assert (outcome.error, outcome.succeeded) == (None, False)
    assert reasons(outcome) == [ExitReason.COMPLETED, ExitReason.TIMED_OUT, ExitReason.NEVER_STARTED]
    (warning,) = outcome.warnings
    assert warning.startswith("1 of 3 workers loaded; not ready: worker-2: not ready: it had started")
    assert warning.endswith(NO_ROOM)
    assert outcome.instants.opened is not None
    assert outcome.instants.all_ready is None


def test_gate_stays_closed_without_any_ready_worker():
    runner = Waiting(is_ready=frozenset(), ended=dict.fromkeys(ALL, UNSCHEDULED))
    outcome = run(runner, seconds=3600, fewer=True)
    assert runner.left_out is None
    assert outcome.error is not None
    assert outcome.error.startswith(
        "loadtest:workers: 3 of 3 workers were not ready, and nothing was loaded: worker-1: "
    )


def test_error_names_three_of_many_missing_workers():
    plan = smallest_plan(5)
    missing = [worker.id for worker in plan.workers]
    results = [
        WorkerResult(worker_id=worker, success=False, operation=Operation.POPULATE, exit_reason=ExitReason.KILLED)
        for worker in missing
    ]
    error = gate.error_of(plan, gate.Gate(missing, frozenset(missing)), results)
    assert "worker-1: killed; worker-2: killed; worker-3: killed; and 2 more; to load without them" in error


def test_cancelled_run_ends_at_the_gate():
    runner = Waiting(is_ready=frozenset())
    outcome = run_fleet(smallest_plan(3), runner, wanted=lambda: False)
    assert runner.stopped
    assert outcome.error is not None
    assert outcome.error.startswith("the run was interrupted before its end")
    assert outcome.results[0].errors == ("SIGTERM: the worker was asked to stop",)


class LateWorker(LocalRunner):
    """A runner whose second worker needs some time to begin, or never does."""

    delay = "1"

    def _command(self, *arguments: str) -> list[str]:
        command = super()._command(*arguments)
        late = f"import os, sys, time; time.sleep({self.delay}); os.execv(sys.argv[1], sys.argv[1:])"
        return [sys.executable, "-c", late, *command] if arguments[-1] == "1" else command


def local_run(folder: Path, plan: LoadPlan) -> Outcome:
    (folder / "stack").mkdir()
    variables = {"LOADTEST_CONNECTION_STRING": (folder / "out").as_uri()}
    runner = LateWorker(LocalHandles(folder=folder / "stack", project=ROOT), plan, variables)
    return run_fleet(plan, runner, wanted=lambda: True)


def test_local_workers_load_after_the_last_one_is_ready(tmp_path: Path):
    outcome = local_run(tmp_path, smallest_plan(3))
    assert outcome.succeeded, outcome
    fleet, workers = outcome.instants, [result.instants for result in outcome.results]
    assert fleet.all_ready
    assert fleet.opened
    for each in workers:
        assert each.ready
        assert each.load_started
        assert each.ready < fleet.all_ready <= fleet.opened
        assert each.load_started > max(other.ready for other in workers if other.ready)


def test_local_worker_left_out_does_not_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(LateWorker, "delay", "600")
    outcome = local_run(tmp_path, smallest_plan(2, start_seconds=20, allow_fewer_workers=True, retries=1))
    first, second = outcome.results
    assert (first.success, second.success, outcome.error) == (True, False, None)
    assert (second.exit_reason, second.attempt, second.metrics.rows_processed) == (ExitReason.TIMED_OUT, 1, 0)
    assert second.errors[-1].startswith("not ready: it had started, but was not connected within 20 s")
