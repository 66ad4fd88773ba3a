"""Processes of this machine as a fleet: started together, stopped within a grace, and told apart by how they ended."""

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

OBEDIENT = "import time; print('ready', flush=True); time.sleep(600)"
OUT_OF_MEMORY = "print('ready', flush=True); taken = bytearray(400 << 20)"
KILLED = "import os; print('ready', flush=True); os.kill(os.getpid(), 9)"
LIMITS = Limits(cpu=1, memory=64 << 20, tmpfs=None)
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)"


class Playing(LocalRunner):
    """A runner whose workers run a program of the test's."""

    program = ""

    def _command(self, *_arguments: str) -> list[str]:
        return [*super()._command()[:1], "-c", self.program]


@pytest.fixture
def runner(tmp_path, monkeypatch):
    """Of three workers, none of which runs."""
    monkeypatch.setattr(local, "_STOP_GRACE_SECONDS", 0.5)
    runner = Playing(LocalHandles(folder=tmp_path, project=ROOT), smallest_plan(3, limits=LIMITS), {})
    yield runner
    runner.stop()
    runner.finish()


@pytest.fixture
def fleet(runner: Playing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Playing]:
    """Starts the workers with a program, and waits until all of them run it."""

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


def test_they_run_together_and_end_when_they_are_told_to(fleet):
    runner = fleet(OBEDIENT)
    assert runner.running() == {"worker-1", "worker-2", "worker-3"}
    runner.stop()
    assert runner.running() == frozenset()
    for ended in runner.exits().values():
        assert (ended.exit_code, ended.output, ended.reason) == (-15, "ready\n", None)
        assert ended.started_at is not None
        assert ended.ended_at is not None
        assert ended.started_at < ended.ended_at


def test_those_that_do_not_listen_are_killed_and_known_as_such(fleet):
    runner = fleet(DEAF)
    runner.stop()
    assert {ended.reason for ended in runner.exits().values()} == {ExitReason.KILLED}


def test_one_that_ends_by_itself_leaves_its_code_and_its_last_words(fleet):
    runner = fleet("import sys; print('ready'); sys.exit('error: no')")
    while runner.running():
        time.sleep(0.05)
    for ended in runner.exits().values():
        assert (ended.exit_code, ended.output, ended.detail, ended.reason) == (1, "ready\n", "error: no\n", None)


def test_another_attempt_is_not_blamed_for_the_memory_of_the_first(fleet, monkeypatch):
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


def test_a_preparation_that_nobody_waits_for_is_ended(runner, tmp_path, monkeypatch):
    begun = tmp_path / "begun"
    monkeypatch.setattr(Playing, "program", f"open({str(begun)!r}, 'w').close(); import time; time.sleep(600)")
    started = time.monotonic()
    assert runner.prepare(300, lambda: not begun.exists()).reason is ExitReason.INTERRUPTED
    assert time.monotonic() - started < 60


def test_a_preparation_has_its_time(runner, monkeypatch):
    monkeypatch.setattr(Playing, "program", "import time; time.sleep(600)")
    ended = runner.prepare(1, lambda: True)
    assert (ended.reason, ended.detail) == (
        ExitReason.TIMED_OUT,
        "it did not end within 1 s; raise loadtest:connectTimeout",
    )
