"""A killed worker is retried, at most as many times as the plan allows."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from core.options import Operation
from core.plan import LoadPlan, partition
from core.process import ATTEMPT_VARIABLE
from core.results import ExitReason
from core.schema.file import load_schema
from core.stores import BULK
from infra.fleet.orchestrator import Outcome, run_fleet
from infra.platforms.local.runner import LocalHandles, LocalRunner

PROJECT = Path(__file__).parents[3]
ROWS = 150_000


def _plan(retries: int, source: str = "csv", rows: int = ROWS) -> LoadPlan:
    schema = load_schema(PROJECT / "schemas" / "shop.yaml")
    return LoadPlan(
        run_id="run", source=source, operation=Operation.POPULATE_AND_VERIFY, method=BULK, batch_size=500, seed=42,
        row_count=rows, retries=retries, limits=None, data=schema, workers=partition(schema, ["users", "orders"], rows, 2, 42),
    )  # fmt: skip


def _run(folder: Path, plan: LoadPlan, kills: int, connection: str | None = None) -> Outcome:
    (folder / "stack").mkdir()
    url = connection or (folder / "out").as_uri()
    runner = LocalRunner(
        LocalHandles(folder=folder / "stack", project=PROJECT), plan, {"LOADTEST_CONNECTION_STRING": url}
    )
    killer = threading.Thread(target=_kill, args=(folder / "stack", kills), daemon=True)
    killer.start()
    outcome = run_fleet(plan, runner, wanted=lambda: True)
    killer.join(timeout=10)
    return outcome


def _kill(stack: Path, times: int) -> None:
    """Kill the first worker in its first attempts, each after it has written its marker."""
    for attempt in range(1, times + 1):
        marker = stack / "results" / "worker-1.attempt"
        while not marker.is_file() or marker.read_text() != str(attempt):
            time.sleep(0.005)
        os.kill(int((stack / "workers" / "worker-1.pid").read_text().split()[0]), signal.SIGKILL)


def test_killed_worker_is_retried_with_attempt_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ATTEMPT_VARIABLE, raising=False)
    outcome = _run(tmp_path, _plan(retries=2), kills=2)
    assert outcome.succeeded, outcome
    assert [(result.worker_id, result.attempt) for result in outcome.results] == [("worker-1", 3), ("worker-2", 1)]
    assert [result.metrics.rows_processed for result in outcome.results] == [ROWS, ROWS]


def test_retries_do_not_exceed_those_of_plan(tmp_path: Path) -> None:
    # The kills may come before the worker is ready to load.
    outcome = _run(tmp_path, _plan(retries=1).model_copy(update={"allow_fewer_workers": True}), kills=2)
    assert not outcome.succeeded
    first, second = outcome.results
    assert (first.exit_reason, first.attempt, first.success) == (ExitReason.KILLED, 2, False)
    assert second.success


def test_difference_is_not_retried(tmp_path: Path) -> None:
    plan = _plan(retries=3, rows=100).model_copy(update={"operation": Operation.VERIFY})
    outcome = _run(tmp_path, plan, kills=0)
    assert [(result.exit_code, result.attempt) for result in outcome.results] == [(3, 1), (3, 1)]
