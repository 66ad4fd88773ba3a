"""The comparison with undisturbed runs reports a worker that is paused half of the time."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from bench.local_fleet import run_on_local_fleet
from core.errors import ExitCode
from core.options import OnExisting
from core.plan import LoadPlan, partition
from core.schema.file import load_schema
from testkit import loads
from testkit.clone import ROOT
from testkit.embedded import embedded_postgresql
from tests.integration.server import execute

RUNS = 3
TABLES = ("users", "orders")
ROWS, BATCH_ROWS = 4_000, 100
SLOW = "worker-1"
COMMIT_MICROSECONDS = 80_000


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server with slow commits, so that the speed of a busy machine does not affect the measurement."""
    with embedded_postgresql() as url:
        for setting in ("synchronous_commit = on", f"commit_delay = {COMMIT_MICROSECONDS}", "commit_siblings = 0"):
            execute(url, f"ALTER ROLE loadtest SET {setting}")
        yield url


def plan(run_id: str) -> LoadPlan:
    """Return a plan with two workers, one table each."""
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
    """Run the plan and call `meanwhile` five times per second while it loads; return the report's file."""

    def wanted() -> bool:
        if loads.has_loaded(folder / "workers" / f"{SLOW}.out"):
            meanwhile(folder / "workers" / f"{SLOW}.pid")
        return True

    report = run_on_local_fleet(plan(run_id), server, folder, wanted)
    file = folder.parent / f"{run_id}.json"
    file.write_text(report.model_dump_json())
    return file


class PauseHalfOfTheTime:
    """Pause and resume a process in turns, with SIGSTOP and SIGCONT."""

    def __init__(self) -> None:
        self._stopped = False

    def __call__(self, pid_file: Path) -> None:
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(int(pid_file.read_text().split()[0]))
            process.resume() if self._stopped else process.suspend()
        self._stopped = not self._stopped


def undisturbed(_: Path) -> None:
    """Leave the worker undisturbed."""


@pytest.mark.campaign
@pytest.mark.skipif(sys.platform != "linux", reason="signals and control groups of Linux")
def test_worker_at_half_speed_is_a_regression(tmp_path, server):
    base: list[Path] = []
    head: list[Path] = []
    for number in range(RUNS):
        base.append(run(server, tmp_path / f"base{number}", f"base-{number}", undisturbed))
        head.append(run(server, tmp_path / f"head{number}", f"head-{number}", PauseHalfOfTheTime()))
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
