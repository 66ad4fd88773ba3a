"""The number of an attempt, and workers that are killed at any time and restarted."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.connection import parse_connection
from core.errors import InputError
from core.options import OnExisting, Operation
from core.plan import LoadPlan, partition
from core.results import WorkerResult
from core.schema.file import load_schema
from core.stores import BULK, SOURCES
from testkit.embedded import embedded_postgresql
from worker.result.retry_marker import attempt_of_environment, begin_attempt, forget_attempts
from worker.sources import open_source
from worker.sources.base import WorkerSlot

PROJECT = Path(__file__).parents[3]
ROWS = 60_000


@pytest.fixture(scope="module", params=["postgresql", "csv", "jsonl"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A source and its connection string."""
    if request.param == "postgresql":
        with embedded_postgresql() as url:
            yield request.param, url
    else:
        yield request.param, (tmp_path_factory.mktemp("files") / "out").as_uri()


def _plan(source: str) -> LoadPlan:
    schema = load_schema(PROJECT / "schemas" / "shop.yaml")
    tables = ["users", "orders"]
    return LoadPlan(
        run_id="run", source=source, operation=Operation.POPULATE_AND_VERIFY, method=BULK, batch_size=500, seed=42,
        row_count=ROWS, on_existing=OnExisting.EMPTY, limits=None, data=schema,
        workers=partition(schema, tables, ROWS, 1, 42),
    )  # fmt: skip


def _worker(folder: Path, url: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "LOADTEST_RESULTS": str(folder), "LOADTEST_CONNECTION_STRING": url}
    with (folder / "out").open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "worker", "--plan", str(folder / "plan.json"), "--index", "0"],
            cwd=PROJECT, env=environment, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip


def _prepare(source: str, url: str, plan: LoadPlan) -> None:
    opened = open_source(SOURCES[source], parse_connection(url, SOURCES[source]), WorkerSlot(index=0, workers=1))
    try:
        opened.connect()
        opened.prepare([plan.data.table(name) for name in plan.tables], OnExisting.EMPTY)
    finally:
        opened.close()


@pytest.mark.parametrize("trial", [0, *(pytest.param(trial, marks=pytest.mark.campaign) for trial in (1, 2))])
def test_killed_worker_loads_shard_once_when_restarted(place: tuple[str, str], tmp_path: Path, trial: int) -> None:
    """Kill the worker at a random moment. Each trial of each run has another moment."""
    source, url = place
    plan = _plan(source)
    (tmp_path / "plan.json").write_text(plan.model_dump_json())
    _prepare(source, url, plan)
    first = _worker(tmp_path, url)
    while not (tmp_path / "worker-1.attempt").is_file():
        assert first.poll() is None, (tmp_path / "out").read_text()
        time.sleep(0.01)
    time.sleep(random.uniform(0, 0.8))
    first.kill()
    first.wait()
    second = _worker(tmp_path, url)
    assert second.wait(timeout=120) == 0, (tmp_path / "out").read_text()
    result = WorkerResult.model_validate_json((tmp_path / "worker-1.json").read_bytes())
    assert (result.attempt, result.success, result.metrics.rows_processed) == (2, True, 2 * ROWS)
    found = result.verification_report
    assert found is not None
    assert (found.total_matched, found.total_missing, found.total_mismatched, found.total_extra) == (2 * ROWS, 0, 0, 0)
    assert result.phases.verify > 0


def test_attempt_number_increases_until_next_run(tmp_path: Path) -> None:
    assert [begin_attempt(tmp_path / "results", "worker-1") for _ in range(3)] == [1, 2, 3]
    assert begin_attempt(tmp_path / "results", "worker-2") == 1
    forget_attempts(tmp_path / "results", ["worker-1"])
    assert begin_attempt(tmp_path / "results", "worker-1") == 1


def test_attempt_of_environment_is_used_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOADTEST_ATTEMPT", "3")
    assert begin_attempt(tmp_path, "worker-1") == 3
    monkeypatch.setenv("LOADTEST_ATTEMPT", "third")
    with pytest.raises(InputError, match="LOADTEST_ATTEMPT: 'third' is not a valid number; write a number from 1"):
        attempt_of_environment()


def test_attempt_number_is_failures_plus_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for failures, attempt in (("0", 1), ("2", 3)):
        monkeypatch.setenv("LOADTEST_FAILURES", failures)
        assert attempt_of_environment() == attempt
    assert begin_attempt(tmp_path, "worker-1") == 3
