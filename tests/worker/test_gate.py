"""A worker waits for the fleet before it loads, unless a person started it."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from core.errors import RunError
from core.process import READY_VARIABLE, START_VARIABLE
from worker import gate
from worker.gate import Gate


def test_worker_without_start_file_does_not_wait(monkeypatch: pytest.MonkeyPatch):
    for variable in (START_VARIABLE, READY_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    begun = time.monotonic()
    Gate.of_environment().wait(3600)
    assert time.monotonic() - begun < 60


@pytest.mark.parametrize("exists", [False, True])
def test_worker_waits_until_the_start_file_has_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exists: bool):
    start, ready = tmp_path / "start", tmp_path / "ready"
    if exists:
        start.touch()
    monkeypatch.setenv(START_VARIABLE, str(start))
    monkeypatch.setenv(READY_VARIABLE, str(ready))
    opened: list[float] = []

    def open_gate() -> None:
        while not ready.exists():
            time.sleep(0.01)
        time.sleep(0.2)
        opened.append(time.monotonic())
        start.write_text("open")

    opener = threading.Thread(target=open_gate)
    opener.start()
    Gate.of_environment().wait(3600)
    assert time.monotonic() >= opened[0]
    opener.join()


def test_open_gate_delays_no_restarted_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gate, "POLL_SECONDS", 3600)
    (tmp_path / "start").write_text("open")
    Gate(tmp_path / "start").wait(3600)


def test_signal_ends_the_wait(tmp_path: Path):
    class StoppedError(Exception):
        pass

    def stop(*_: object) -> None:
        raise StoppedError

    before = signal.signal(signal.SIGUSR1, stop)
    try:
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        with pytest.raises(StoppedError):
            Gate(tmp_path / "start").wait(3600)
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_wait_ends_some_time_after_the_fleets_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gate, "_GRACE_SECONDS", 0.1)
    with pytest.raises(RunError, match=r"^start: the fleet did not let this worker load within 0 s; .*startTimeout$"):
        Gate(tmp_path / "start").wait(0)
