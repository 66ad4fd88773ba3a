"""A fleet of processes: started together, stopped within a grace period, with a reason for each exit."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.plan import Limits
from core.results import ExitReason
from infra.platforms.local import runner as local
from infra.platforms.local.runner import LocalHandles, LocalRunner
from testkit.requires import requires
from tests.infra.configuration import ROOT
from tests.infra.fleet.plans import smallest_plan

WAITS = "import time; print('ready', flush=True); time.sleep(600)"
OUT_OF_MEMORY = "print('ready', flush=True); taken = bytearray(400 << 20)"
KILLED = "import os; print('ready', flush=True); os.kill(os.getpid(), 9)"
LIMITS = Limits(cpu=1, memory=64 << 20, tmpfs=None)
IGNORES_SIGTERM = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)"
)


class Playing(LocalRunner):
    """A runner whose workers run the test's program."""

    program = ""

    def _command(self, *_arguments: str) -> list[str]:
        return [*super()._command()[:1], "-c", self.program]


@pytest.fixture
def runner(tmp_path, monkeypatch):
    """A runner of three workers, none of which is running."""
    monkeypatch.setattr(local, "_STOP_GRACE_SECONDS", 0.5)
    runner = Playing(LocalHandles(folder=tmp_path, project=ROOT), smallest_plan(3, limits=LIMITS), {})
    yield runner
    runner.stop()
    runner.finish()


@pytest.fixture
def fleet(runner: Playing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Playing]:
    """Start the workers with a program, and wait until all of them run it."""

    def start(program: str) -> Playing:
        monkeypatch.setattr(Playing, "program", "pass")
        assert runner.prepare(60, lambda: True).exit_code == 0
        monkeypatch.setattr(Playing, "program", program)
        runner.start()
        outputs = [tmp_path / "workers" / f"{worker}.out" for worker in runner.running()]
        while not all(Path(file).read_text() for file in outputs):
            time.sleep(0.05)
        return runner

    return start


def test_workers_run_together_and_end_on_stop(fleet):
    runner = fleet(WAITS)
    assert runner.running() == {"worker-1", "worker-2", "worker-3"}
    runner.stop()
    assert runner.running() == frozenset()
    for ended in runner.exits().values():
        assert (ended.exit_code, ended.output, ended.reason) == (-15, "ready\n", None)
        assert ended.started_at is not None
        assert ended.ended_at is not None
        assert ended.started_at < ended.ended_at


def test_workers_that_ignore_sigterm_are_killed(fleet):
    runner = fleet(IGNORES_SIGTERM)
    runner.stop()
    assert {ended.reason for ended in runner.exits().values()} == {ExitReason.KILLED}


def test_process_exit_has_code_and_output(fleet):
    runner = fleet("import sys; print('ready'); sys.exit('error: no')")
    while runner.running():
        time.sleep(0.05)
    for ended in runner.exits().values():
        assert (ended.exit_code, ended.output, ended.detail, ended.reason) == (1, "ready\n", "error: no\n", None)


def test_retry_does_not_inherit_out_of_memory_reason(fleet, monkeypatch):
    runner = fleet(OUT_OF_MEMORY)
    while runner.running():
        time.sleep(0.05)
    first = runner.exits()["worker-1"]
    requires(first.exit_code == -9, "cgroups", "control groups that limit memory are not available")
    assert (first.reason, first.detail) == (ExitReason.OOM_KILLED, "the kernel killed it at its memory limit")
    monkeypatch.setattr(Playing, "program", KILLED)
    runner.restart("worker-1")
    while runner.running():
        time.sleep(0.05)
    ended = runner.exits()
    assert (ended["worker-1"].reason, ended["worker-2"].reason) == (ExitReason.KILLED, ExitReason.OOM_KILLED)


def test_cancelled_preparation_is_ended(runner, tmp_path, monkeypatch):
    begun = tmp_path / "begun"
    monkeypatch.setattr(Playing, "program", f"open({str(begun)!r}, 'w').close(); import time; time.sleep(600)")
    started = time.monotonic()
    assert runner.prepare(300, lambda: not begun.exists()).reason is ExitReason.INTERRUPTED
    assert time.monotonic() - started < 60


def test_preparation_ends_at_its_timeout(runner, monkeypatch):
    monkeypatch.setattr(Playing, "program", "import time; time.sleep(600)")
    ended = runner.prepare(1, lambda: True)
    assert (ended.reason, ended.detail) == (
        ExitReason.TIMED_OUT,
        "it did not end within 1 s; raise loadtest:connectTimeout",
    )
