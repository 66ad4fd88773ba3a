"""Recorded processes are ended, and other processes are not."""

import os
import subprocess
import sys

import psutil

from infra.pidfile import end_processes_in, end_recorded, is_running, record_process, this_process_recorded
from tests.infra.processes import SLEEP, ended

ENDS_ITS_CHILDREN = "trap 'kill -9 $(jobs -p); wait; exit' TERM; " + "sleep 600 & " * 20 + "echo started; wait"
IGNORES_SIGTERM = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)",
]


def test_recorded_process_ends_with_its_descendants(tmp_path, start_process):
    process = start_process(["sh", "-c", "sleep 600 & echo started; wait"], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "started\n"
    (child,) = psutil.Process(process.pid).children()
    record_process(process.pid, tmp_path / "it.pid")
    end_recorded(tmp_path / "it.pid")
    assert ended(process)
    assert not child.is_running()


def test_process_receives_sigterm_before_sigkill(tmp_path, start_process):
    asked = tmp_path / "asked"
    command = f"trap 'touch {asked}; exit' TERM; echo started; while :; do sleep 0.1; done"
    process = start_process(["sh", "-c", command], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "started\n"
    record_process(process.pid, tmp_path / "it.pid")
    end_recorded(tmp_path / "it.pid")
    assert ended(process)
    assert asked.exists()


def test_child_that_ends_first_is_ignored(tmp_path, start_process):
    for _ in range(20):  # a race: a child may end before it receives a signal
        process = start_process(["sh", "-c", ENDS_ITS_CHILDREN], stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "started\n"
        record_process(process.pid, tmp_path / "it.pid")
        end_recorded(tmp_path / "it.pid")
        assert ended(process)


def test_process_that_ignores_sigterm_is_killed(tmp_path, start_process):
    process = start_process(IGNORES_SIGTERM, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    record_process(process.pid, tmp_path / "it.pid")
    end_recorded(tmp_path / "it.pid", grace_seconds=0.2)
    assert ended(process)


def test_process_is_recorded_while_it_creates_a_resource(tmp_path, start_process):
    program = "import sys, time; from pathlib import Path; from infra.pidfile import this_process_recorded\n"
    program += "with this_process_recorded(Path(sys.argv[1])): print('at work', flush=True); time.sleep(600)"
    note = tmp_path / "creator.pid"
    process = start_process([sys.executable, "-c", program, str(note)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "at work\n"
    end_recorded(note)
    assert ended(process)
    with this_process_recorded(note):
        assert note.read_text().split()[0] == str(os.getpid())
    assert not note.exists()


def test_other_process_with_recorded_pid_is_kept(tmp_path, start_process):
    process = start_process(SLEEP)
    (tmp_path / "it.pid").write_text(f"{process.pid} {psutil.Process(process.pid).create_time() - 60}")
    end_recorded(tmp_path / "it.pid")
    assert process.poll() is None


def test_ended_process_is_ignored(tmp_path, start_process):
    process = start_process(["true"])
    record_process(process.pid, tmp_path / "it.pid")
    process.wait(10)
    end_recorded(tmp_path / "it.pid")
    end_recorded(tmp_path / "absent.pid")
    assert process.returncode == 0


def test_processes_in_folder_are_ended_and_others_kept(tmp_path, start_process):
    (tmp_path / "in" / "below").mkdir(parents=True)
    inside = start_process(SLEEP, cwd=tmp_path / "in" / "below")
    outside = start_process(SLEEP, cwd=tmp_path)
    end_processes_in(tmp_path / "in")
    assert ended(inside)
    assert outside.poll() is None


def test_only_recorded_process_is_reported_as_running(tmp_path, start_process):
    process, file = start_process(SLEEP), tmp_path / "it.pid"
    assert not is_running(file)
    record_process(process.pid, file)
    assert is_running(file)
    file.write_text(f"{process.pid} 1.0")  # another process with its pid
    assert not is_running(file)
    file.write_text("incomplete")
    assert not is_running(file)


def test_zombie_is_not_reported_as_running(tmp_path, start_process):
    process, file = start_process(SLEEP), tmp_path / "it.pid"
    record_process(process.pid, file)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not is_running(file)
