"""A worker that is held up half of the time, against the same plan left alone: the comparison finds it, every time."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from bench.local_fleet import run_on_local_fleet
from core.errors import ExitCode
from core.plan import LoadPlan, OnExisting, partition
from core.schema.file import load_schema
from testkit import loads
from testkit.clone import ROOT
from tests.integration.server import execute
from tests.worker.verify.embedded import embedded_postgresql

RUNS = 3
TABLES = ("users", "orders")
ROWS, BATCH_ROWS = 4_000, 100
SLOW = "worker-1"
COMMIT_MICROSECONDS = 80_000


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server whose every commit takes its time, so that a busy machine's processors are not what is measured."""
    with embedded_postgresql() as url:
        for setting in ("synchronous_commit = on", f"commit_delay = {COMMIT_MICROSECONDS}", "commit_siblings = 0"):
            execute(url, f"ALTER ROLE loadtest SET {setting}")
        yield url


def plan(run_id: str) -> LoadPlan:
    """Two workers with a table each."""
    schema = load_schema(ROOT / "schemas" / "shop.yaml")
    return LoadPlan(
        run_id=run_id,
        source="postgresql",
        method="bulk",
        batch_size=BATCH_ROWS,
        seed=42,
        row_count=ROWS,
        on_existing=OnExisting.EMPTY,
        limits=None,
        data=schema,
        workers=partition(schema, TABLES, ROWS, len(TABLES), 42),
    )


def run(server: str, folder: Path, run_id: str, meanwhile: Callable[[Path], None]) -> Path:
    """A run of the local platform's fleet, with something done to it five times a second while it loads; its report's file."""

    def wanted() -> bool:
        if loads.has_loaded(folder / "workers" / f"{SLOW}.out"):
            meanwhile(folder / "workers" / f"{SLOW}.pid")
        return True

    report = run_on_local_fleet(plan(run_id), server, folder, wanted)
    file = folder.parent / f"{run_id}.json"
    file.write_text(report.model_dump_json())
    return file


class HalfOfTheTime:
    """Stops a process with SIGSTOP, lets it go on with SIGCONT, in turn."""

    def __init__(self) -> None:
        self._stopped = False

    def __call__(self, pid_file: Path) -> None:
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(int(pid_file.read_text().split()[0]))
            process.resume() if self._stopped else process.suspend()
        self._stopped = not self._stopped


def left_alone(_: Path) -> None:
    """Nothing."""


@pytest.mark.campaign
@pytest.mark.skipif(sys.platform != "linux", reason="signals and control groups of Linux")
def test_a_worker_slowed_by_half_is_a_regression(tmp_path, server):
    base: list[Path] = []
    head: list[Path] = []
    for number in range(RUNS):
        base.append(run(server, tmp_path / f"base{number}", f"base-{number}", left_alone))
        head.append(run(server, tmp_path / f"head{number}", f"head-{number}", HalfOfTheTime()))
    done = subprocess.run(
        [sys.executable, "-m", "aggregate", "compare", *(",".join(map(str, side)) for side in (base, head))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == ExitCode.THRESHOLD, done.stdout + done.stderr
    gate = next(line for line in done.stdout.splitlines() if "wall_clock_rows_per_second" in line)
    assert "regression" in gate, done.stdout
    assert SLOW in done.stdout
    assert "worker-2" not in done.stdout
