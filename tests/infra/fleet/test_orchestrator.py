"""The outcome of a fleet for every behaviour of a platform, which a script simulates."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from core.options import Operation
from core.plan import LoadPlan, partition
from core.results import ExitReason, Metrics, Progress, WorkerResult
from core.schema.file import load_schema
from infra.fleet import orchestrator
from infra.fleet.orchestrator import run_fleet
from infra.fleet.runner import ProcessExit
from infra.fleet.worker_results import result_of
from tests.infra.configuration import ROOT

SCHEMA = load_schema(ROOT / "schemas" / "shop.yaml")
START = datetime(2026, 1, 1, tzinfo=UTC)
PREPARED = ProcessExit(0, '{"prepared": ["users"], "warnings": ["slow"], "server_settings": {"fsync": "on"}}\n')


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(orchestrator, "POLL_SECONDS", 0)


def plan_of(timeout_seconds=60):
    return LoadPlan(
        run_id="run",
        source="csv",
        method="bulk",
        batch_size=10,
        seed=42,
        row_count=100,
        timeout_seconds=timeout_seconds,
        limits=None,
        data=SCHEMA,
        workers=partition(SCHEMA, ["users", "orders"], 100, 2, 42),
    )


def own_result(worker, **changed):
    result = WorkerResult(
        worker_id=worker,
        success=True,
        operation=Operation.POPULATE,
        metrics=Metrics(rows_processed=100),
        run_id="run",
        exit_reason=ExitReason.COMPLETED,
        exit_code=0,
    )
    return result.model_copy(update=changed).model_dump_json()


def well(worker, after_seconds=0.0):
    return ProcessExit(0, own_result(worker), started_at=START + timedelta(seconds=after_seconds), ended_at=START)


class Script:
    """A runner whose workers are ready at once, and end as given after a number of calls of `running`."""

    def __init__(
        self, ended: Mapping[str, ProcessExit], calls_until_end: int = 2, prepared: ProcessExit = PREPARED
    ) -> None:
        self._ended, self._calls_left, self._prepared = ended, calls_until_end, prepared
        self.calls: list[str] = []

    def prepare(self, timeout_seconds: float, wanted: Callable[[], bool]) -> ProcessExit:
        self.calls.append("prepare")
        return self._prepared

    def start(self) -> None:
        self.calls.append("start")

    def ready(self) -> frozenset[str]:
        return frozenset(["worker-1", "worker-2"])

    def open_gate(self, left_out: AbstractSet[str]) -> None:
        assert not left_out
        self.calls.append("open")

    def running(self) -> frozenset[str]:
        if "open" not in self.calls:
            return frozenset(["worker-1", "worker-2"])
        self._calls_left -= 1
        return frozenset(["worker-1"] if self._calls_left > 0 else [])

    def stop(self) -> None:
        self.calls.append("stop")
        self._calls_left = 0

    def exits(self) -> Mapping[str, ProcessExit]:
        return self._ended

    def finish(self) -> Sequence[str]:
        self.calls.append("finish")
        return ("kept",)


def test_successful_fleet_has_all_results():
    script = Script({"worker-1": well("worker-1"), "worker-2": well("worker-2", 0.25)})
    outcome = run_fleet(plan_of(), script, wanted=lambda: True)
    assert script.calls == ["prepare", "start", "open", "finish"]
    assert outcome.succeeded
    assert outcome.error is None
    assert [result.worker_id for result in outcome.results] == ["worker-1", "worker-2"]
    assert outcome.start_spread_ms == 250
    assert (list(outcome.warnings), outcome.server_settings) == (["slow", "kept"], {"fsync": "on"})
    fleet, own = outcome.instants, outcome.results[1].instants
    assert fleet.begun
    assert fleet.prepared
    assert fleet.ended
    assert fleet.all_ready
    assert fleet.opened
    assert fleet.begun <= fleet.prepared <= fleet.all_ready <= fleet.opened <= fleet.ended
    assert (own.started, own.ended) == (START + timedelta(seconds=0.25), START)


@pytest.mark.parametrize(
    ("prepared", "error"),
    [
        (ProcessExit(1, "", detail="a line\nerror: first\nerror: the last one\n"), "the last one"),
        (ProcessExit(1, "", detail="no such\n  thing"), "prepare: exit code 1; no such thing"),
        (ProcessExit(None, "", ExitReason.TIMED_OUT, "too slow"), "prepare: timed_out; too slow"),
        (ProcessExit(137, "", ExitReason.OOM_KILLED, "at its limit"), "prepare: oom_killed; at its limit"),
    ],
)
def test_failed_preparation_starts_no_worker(prepared, error):
    script = Script({}, prepared=prepared)
    outcome = run_fleet(plan_of(), script, wanted=lambda: True)
    assert script.calls == ["prepare"]
    assert (outcome.succeeded, outcome.error, list(outcome.results)) == (False, error, [])


def test_interrupted_preparation_interrupts_the_run():
    script = Script({}, prepared=ProcessExit(None, "", ExitReason.INTERRUPTED))
    outcome = run_fleet(plan_of(), script, wanted=lambda: False)
    assert script.calls == ["prepare"]
    assert (outcome.error or "").startswith("the run was interrupted before its end; `pulumi up` runs it again")


def test_worker_unknown_to_platform_is_reported_as_not_started():
    outcome = run_fleet(plan_of(), Script({"worker-1": well("worker-1")}), wanted=lambda: True)
    assert not outcome.succeeded
    assert outcome.results[1].exit_reason is ExitReason.NEVER_STARTED
    assert outcome.results[1].errors == ("never_started: no result",)
    assert outcome.results[0].success


def test_timeout_stops_workers_and_is_reported():
    line = own_result("worker-2", success=False, exit_reason=ExitReason.INTERRUPTED, errors=("SIGTERM",), exit_code=143)
    script = Script({"worker-1": well("worker-1"), "worker-2": ProcessExit(143, line)}, calls_until_end=1_000_000)
    outcome = run_fleet(plan_of().model_copy(update={"timeout_seconds": 0}), script, wanted=lambda: True)
    assert script.calls == ["prepare", "start", "open", "stop", "finish"]
    assert outcome.results[0].exit_reason is ExitReason.COMPLETED
    assert outcome.results[1].exit_reason is ExitReason.TIMED_OUT
    assert outcome.results[1].errors[-1] == "timed out: the run's timeout of 0 s was over; raise loadtest:timeout"


def test_run_ends_at_its_timeout(monkeypatch):
    seconds = itertools.count()
    clock = SimpleNamespace(monotonic=lambda: float(next(seconds)), sleep=lambda _: None)
    monkeypatch.setattr(orchestrator, "time", clock)
    script = Script({"worker-1": well("worker-1"), "worker-2": well("worker-2")}, calls_until_end=1_000)
    run_fleet(plan_of(timeout_seconds=60), script, wanted=lambda: True)
    assert script.calls == ["prepare", "start", "open", "stop", "finish"]
    assert 60 <= next(seconds) <= 64


def test_cancelled_run_stops_workers_and_is_retried():
    script = Script({"worker-1": well("worker-1"), "worker-2": well("worker-2")}, calls_until_end=1_000_000)
    outcome = run_fleet(plan_of(), script, wanted=lambda: False)
    assert script.calls == ["prepare", "start", "open", "stop", "finish"]
    assert not outcome.succeeded
    assert outcome.error is not None
    assert outcome.error.startswith("the run was interrupted before its end; `pulumi up` runs it again")


class TestOneWorker:
    plan = plan_of()
    worker = plan.workers[0]

    def result(self, ended):
        return result_of(self.plan, self.worker, ended)

    def test_result_in_worker_output_is_used(self):
        line = own_result("worker-1", success=False, exit_reason=ExitReason.FAILED, errors=("refused",))
        result = self.result(ProcessExit(1, f"noise\n{line}\n"))
        assert (result.success, result.errors, result.exit_code) == (False, ("refused",), 1)

    def test_last_result_in_worker_output_is_used(self):
        line = own_result("worker-1", metrics=Metrics(rows_processed=1))
        assert self.result(ProcessExit(0, line + "\n" + own_result("worker-1"))).metrics.rows_processed == 100

    def test_result_of_another_worker_is_ignored(self):
        assert self.result(ProcessExit(0, own_result("worker-2"))).exit_reason is ExitReason.FAILED

    def test_platform_reason_replaces_that_of_failed_result(self):
        line = own_result("worker-1", success=False, exit_reason=ExitReason.INTERRUPTED)
        result = self.result(ProcessExit(137, line, ExitReason.OOM_KILLED, "at its limit"))
        assert (result.success, result.exit_reason, result.exit_code) == (False, ExitReason.OOM_KILLED, 137)

    def test_completed_result_ignores_platform_reason(self):
        result = self.result(ProcessExit(137, own_result("worker-1"), ExitReason.KILLED))
        assert (result.success, result.exit_reason) == (True, ExitReason.COMPLETED)

    def test_missing_result_has_rows_of_last_progress(self):
        lines = [
            Progress(
                progress="worker-1",
                at=START + timedelta(seconds=at),
                rows=at * 10,
                total_rows=100,
                batches=at,
                bytes=at * 7,
            ).model_dump_json()
            for at in (1, 2)
        ]
        output = "\n".join([*lines, lines[1][:30]])
        result = self.result(ProcessExit(137, output, ExitReason.OOM_KILLED, "at its limit", START, START))
        assert (result.success, result.exit_reason) == (False, ExitReason.OOM_KILLED)
        assert result.errors == ("oom_killed: exit code 137, no result; at its limit",)
        metrics = result.metrics
        assert (metrics.rows_processed, metrics.batch_count, metrics.bytes_written) == (20, 2, 14)
        assert (metrics.duration_ms, metrics.rows_per_second) == (2000, 10)

    @pytest.mark.parametrize("output", ["", "{", "{}", "null", '{"worker_id": "worker-1"}'])
    def test_output_without_result_is_a_failure(self, output):
        result = self.result(ProcessExit(1, output, detail="error: boom"))
        assert (result.success, result.metrics.rows_processed) == (False, 0)
        assert result.errors == ("failed: exit code 1, no result; error: boom",)


@pytest.mark.parametrize(
    ("exit_code", "reason"), [(-15, ExitReason.TIMED_OUT), (143, ExitReason.TIMED_OUT), (1, ExitReason.FAILED)]
)
def test_worker_ended_before_its_first_line_timed_out(exit_code, reason):
    """A worker that SIGTERM ends while it starts has no result; the timeout was the cause all the same."""
    silent = {worker: ProcessExit(exit_code, "") for worker in ("worker-1", "worker-2")}
    plan = plan_of().model_copy(update={"timeout_seconds": 0})
    outcome = run_fleet(plan, Script(silent, calls_until_end=1_000_000), wanted=lambda: True)
    assert {result.exit_reason for result in outcome.results} == {reason}
