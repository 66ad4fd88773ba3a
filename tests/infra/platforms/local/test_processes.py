"""Recorded processes are ended, and other processes are not."""

import os
import subprocess
import sys

import psutil
import pytest

from infra.platforms.local.pidfile import at_work, end_in, end_remembered, remember
from infra.platforms.local.workspace import WorkspacePaths

SLEEP = ["sleep", "600"]
ENDS_ITS_CHILDREN = "trap 'kill -9 $(jobs -p); wait; exit' TERM; " + "sleep 600 & " * 20 + "echo started; wait"
IGNORES_SIGTERM = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)",
]


def ended(process: "subprocess.Popen[str]") -> bool:
    """Return whether a child process has ended."""
    return process.poll() is not None and not psutil.pid_exists(process.pid)


@pytest.fixture
def start():
    """Start processes, and end them after the test."""
    started = []

    def make(command, **options):
        started.append(subprocess.Popen(command, **options))
        return started[-1]

    yield make
    for process in started:
        process.kill()
        process.communicate()


def test_recorded_process_ends_with_its_descendants(tmp_path, start):
    process = start(["sh", "-c", "sleep 600 & echo started; wait"], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "started\n"
    (child,) = psutil.Process(process.pid).children()
    remember(process.pid, tmp_path / "it.pid")
    end_remembered(tmp_path / "it.pid")
    assert ended(process)
    assert not child.is_running()


def test_process_receives_sigterm_before_sigkill(tmp_path, start):
    asked = tmp_path / "asked"
    command = f"trap 'touch {asked}; exit' TERM; echo started; while :; do sleep 0.1; done"
    process = start(["sh", "-c", command], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "started\n"
    remember(process.pid, tmp_path / "it.pid")
    end_remembered(tmp_path / "it.pid")
    assert ended(process)
    assert asked.exists()


def test_child_that_ends_first_is_ignored(tmp_path, start):
    for _ in range(20):  # a race: a child may end before it receives a signal
        process = start(["sh", "-c", ENDS_ITS_CHILDREN], stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "started\n"
        remember(process.pid, tmp_path / "it.pid")
        end_remembered(tmp_path / "it.pid")
        assert ended(process)


def test_process_that_ignores_sigterm_is_killed(tmp_path, start):
    process = start(IGNORES_SIGTERM, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    remember(process.pid, tmp_path / "it.pid")
    end_remembered(tmp_path / "it.pid", grace_seconds=0.2)
    assert ended(process)


def test_process_is_recorded_while_it_creates_a_resource(tmp_path, start):
    program = "import sys, time; from pathlib import Path; from infra.platforms.local.pidfile import at_work\n"
    program += "with at_work(Path(sys.argv[1])): print('at work', flush=True); time.sleep(600)"
    note = tmp_path / "maker.pid"
    process = start([sys.executable, "-c", program, str(note)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "at work\n"
    end_remembered(note)
    assert ended(process)
    with at_work(note):
        assert note.read_text().split()[0] == str(os.getpid())
    assert not note.exists()


def test_other_process_with_recorded_pid_is_kept(tmp_path, start):
    process = start(SLEEP)
    (tmp_path / "it.pid").write_text(f"{process.pid} {psutil.Process(process.pid).create_time() - 60}")
    end_remembered(tmp_path / "it.pid")
    assert process.poll() is None


def test_ended_process_is_ignored(tmp_path, start):
    process = start(["true"])
    remember(process.pid, tmp_path / "it.pid")
    process.wait(10)
    end_remembered(tmp_path / "it.pid")
    end_remembered(tmp_path / "absent.pid")
    assert process.returncode == 0


def test_processes_in_folder_are_ended_and_others_kept(tmp_path, start):
    (tmp_path / "in" / "below").mkdir(parents=True)
    inside = start(SLEEP, cwd=tmp_path / "in" / "below")
    outside = start(SLEEP, cwd=tmp_path)
    end_in(tmp_path / "in")
    assert ended(inside)
    assert outside.poll() is None


def test_clear_ends_processes_and_removes_folder(tmp_path, start):
    paths = WorkspacePaths(tmp_path / "stack")
    paths.workers.mkdir(parents=True)
    process = start(SLEEP)
    remember(process.pid, paths.workers / "worker-1.pid")
    (paths.workers / "worker-1.out").write_text("output")
    paths.clear()
    assert ended(process)
    assert list(tmp_path.iterdir()) == []
    paths.clear()


def test_clear_removes_server_home_with_matching_mark_only(tmp_path, start):
    paths = WorkspacePaths(tmp_path / "stack")
    home, unmarked, of_another = (tmp_path / name for name in ("home", "loadtest-unmarked", "loadtest-of-another"))
    for server, place in enumerate((home, unmarked, of_another)):
        (paths.folder / str(server)).mkdir(parents=True)
        (paths.folder / str(server) / "elsewhere").write_text(f"{place}\nmark of {server}")
        place.mkdir()
    (home / ".loadtest-home").write_text("mark of 0")
    (of_another / ".loadtest-home").write_text("another mark")
    process = start(SLEEP, cwd=home)
    paths.clear()
    assert ended(process)
    assert {path.name for path in tmp_path.iterdir()} == {"loadtest-unmarked", "loadtest-of-another"}


def test_workspaces_of_same_name_have_different_groups(tmp_path):
    one, other = (WorkspacePaths(tmp_path / project / "small").group for project in ("a", "b"))
    assert one != other
    assert one.startswith("small-")
    assert os.sep not in one
