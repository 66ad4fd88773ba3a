"""Processes that are ended by what was written down of them, and those of strangers that are not."""

import os
import subprocess
import sys

import psutil
import pytest

from infra.platforms.local.pidfile import at_work, end_in, end_remembered, remember
from infra.platforms.local.workspace import WorkspacePaths

SLEEP = ["sleep", "600"]
ENDS_ITS_CHILDREN = "trap 'kill -9 $(jobs -p); wait; exit' TERM; " + "sleep 600 & " * 20 + "echo started; wait"
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)",
]


def ended(process: "subprocess.Popen[str]") -> bool:
    """Whether a child of ours is gone, whoever was told its exit code."""
    return process.poll() is not None and not psutil.pid_exists(process.pid)


@pytest.fixture
def start():
    """Starts processes, and leaves none."""
    started = []

    def make(command, **options):
        started.append(subprocess.Popen(command, **options))
        return started[-1]

    yield make
    for process in started:
        process.kill()
        process.communicate()


def test_a_remembered_process_ends_with_all_below_it(tmp_path, start):
    process = start(["sh", "-c", "sleep 600 & echo started; wait"], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "started\n"
    (child,) = psutil.Process(process.pid).children()
    remember(process.pid, tmp_path / "it.pid")
    end_remembered(tmp_path / "it.pid")
    assert ended(process)
    assert not child.is_running()


def test_process_is_asked_to_end_before_it_is_killed(tmp_path, start):
    asked = tmp_path / "asked"
    command = f"trap 'touch {asked}; exit' TERM; echo started; while :; do sleep 0.1; done"
    process = start(["sh", "-c", command], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "started\n"
    remember(process.pid, tmp_path / "it.pid")
    end_remembered(tmp_path / "it.pid")
    assert ended(process)
    assert asked.exists()


def test_a_server_that_ends_its_own_children_first_is_no_error(tmp_path, start):
    for _ in range(20):  # a race: a child may be gone between being seen and being told to end
        process = start(["sh", "-c", ENDS_ITS_CHILDREN], stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "started\n"
        remember(process.pid, tmp_path / "it.pid")
        end_remembered(tmp_path / "it.pid")
        assert ended(process)


def test_one_that_does_not_listen_is_killed(tmp_path, start):
    process = start(DEAF, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "deaf\n"
    remember(process.pid, tmp_path / "it.pid")
    end_remembered(tmp_path / "it.pid", grace_seconds=0.2)
    assert ended(process)


def test_a_maker_is_remembered_while_it_makes_something(tmp_path, start):
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


def test_a_stranger_that_has_its_pid_meanwhile_is_left_alone(tmp_path, start):
    process = start(SLEEP)
    (tmp_path / "it.pid").write_text(f"{process.pid} {psutil.Process(process.pid).create_time() - 60}")
    end_remembered(tmp_path / "it.pid")
    assert process.poll() is None


def test_one_that_is_gone_is_no_error(tmp_path, start):
    process = start(["true"])
    remember(process.pid, tmp_path / "it.pid")
    process.wait(10)
    end_remembered(tmp_path / "it.pid")
    end_remembered(tmp_path / "absent.pid")
    assert process.returncode == 0


def test_those_that_work_in_a_folder_end_and_others_do_not(tmp_path, start):
    (tmp_path / "in" / "below").mkdir(parents=True)
    inside = start(SLEEP, cwd=tmp_path / "in" / "below")
    outside = start(SLEEP, cwd=tmp_path)
    end_in(tmp_path / "in")
    assert ended(inside)
    assert outside.poll() is None


def test_a_workspace_is_cleared_of_all_that_was_started_from_it(tmp_path, start):
    paths = WorkspacePaths(tmp_path / "stack")
    paths.workers.mkdir(parents=True)
    process = start(SLEEP)
    remember(process.pid, paths.workers / "worker-1.pid")
    (paths.workers / "worker-1.out").write_text("told")
    paths.clear()
    assert ended(process)
    assert list(tmp_path.iterdir()) == []
    paths.clear()


def test_home_of_a_server_goes_with_its_workspace_and_no_folder_without_its_mark(tmp_path, start):
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


def test_workspaces_of_one_name_in_two_projects_have_two_groups(tmp_path):
    one, other = (WorkspacePaths(tmp_path / project / "small").group for project in ("a", "b"))
    assert one != other
    assert one.startswith("small-")
    assert os.sep not in one
