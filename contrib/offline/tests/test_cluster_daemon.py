"""Programs of the test cluster are recognised by more than their process id."""

import os
import sys

import pytest

from contrib.offline.cluster.daemon import Daemon, start_time
from contrib.offline.cluster.layout import Layout


@pytest.fixture
def daemon(tmp_path):
    layout = Layout(tmp_path)
    layout.pids.mkdir()
    layout.logs.mkdir()
    daemon = Daemon(layout, "program")
    yield daemon
    daemon.stop(patience=0)


def test_program_is_started_once_and_stopped(daemon):
    daemon.start([sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"])
    first = daemon.pid_file.read_text()
    daemon.start([sys.executable, "-c", "raise SystemExit"])
    assert daemon.pid_file.read_text() == first
    assert daemon.is_running()
    daemon.stop(patience=10)
    assert not daemon.is_running()
    assert start_time(int(first.split()[0])) is None


def test_program_that_ignores_sigterm_is_killed(daemon):
    ignore = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    )
    daemon.start([sys.executable, "-c", ignore])
    while "up" not in daemon.last_lines():
        assert daemon.is_running()
    daemon.stop(patience=0.2)
    assert not daemon.is_running()


def test_other_process_with_the_same_id_is_not_stopped(daemon):
    daemon.pid_file.write_text(f"{os.getpid()} 1")
    assert not daemon.is_running()
    daemon.stop(patience=0)
    assert not daemon.pid_file.exists()


def test_program_gets_only_path_from_the_environment(daemon, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_TESTS", "x")
    daemon.start([sys.executable, "-c", "import os; print(sorted(os.environ), flush=True)"])
    while daemon.is_running():
        pass
    assert "'PATH'" in daemon.last_lines()
    assert "SECRET_OF_THE_TESTS" not in daemon.last_lines()
