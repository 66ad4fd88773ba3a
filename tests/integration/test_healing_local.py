"""Recovery on this machine from a server or folder that was killed, removed or replaced by hand.

The faults are tried in turn on one stack, so that each also starts from what the one before left.
"""

import os
import shutil
import signal
import sys

import psutil
import pytest

from core.workspace import ProcessRecord
from infra.resources.identity import instance_link
from tests.integration import server

pytestmark = pytest.mark.engine

ROWS = {"users": 300, "orders": 300, "products": 300}


@pytest.fixture(scope="module")
def stack(new_stack):
    stack = new_stack(rowCount=300)
    stack.up().succeeded()
    return stack


def server_pid(stack):
    return ProcessRecord.read(stack.folder / "server" / "server.pid").pid


def kill_server(stack):
    """Kill the server and its children, as a restart of the machine would."""
    os.kill(server_pid(stack), signal.SIGKILL)


def heals(stack, *lost):
    """Run `up`, and check that it names what is lost, and that the stack then has a server with all rows."""
    output = stack.up().succeeded().output
    assert "Traceback" not in output
    for each in lost:
        assert f"{each}; `up` creates it again and repeats the run" in output
    assert server.rows_in(stack.connection_string()) == ROWS
    assert "9 unchanged" in stack.up().succeeded().output


def test_killed_server_is_shown_by_preview_and_replaced(stack):
    kill_server(stack)
    assert "+-2 to replace" in stack.preview().succeeded().output
    heals(stack, f"the server of stack {stack.name} has ended")


def test_up_after_cleanup_and_refresh_runs_again(stack):
    stack.run(sys.executable, "-m", "infra.cli.cleanup", "--stack", stack.name, "--yes").succeeded()
    assert stack.traces() == []
    stack.pulumi("refresh", "--yes", "--skip-preview").succeeded()
    heals(stack, f".loadtest/{stack.name} no longer exists")


def test_folder_removed_by_hand_is_replaced_with_its_server(stack):
    before = server_pid(stack)
    shutil.rmtree(stack.folder, ignore_errors=True)
    heals(stack, f".loadtest/{stack.name} no longer exists")
    assert not psutil.pid_exists(before)


def test_foreign_folder_is_refused_and_kept(stack):
    kill_server(stack)
    aside = stack.folder.with_name("aside")
    stack.folder.rename(aside)
    stack.folder.mkdir()
    (stack.folder / "notes").write_text("of the user")
    output = stack.up().failed().output
    assert f"{stack.folder}: was not created by Loadtest; move it to another place" in output
    assert "Traceback" not in output
    assert (stack.folder / "notes").read_text() == "of the user"
    shutil.rmtree(stack.folder)
    aside.rename(stack.folder)
    heals(stack)


def test_missing_record_of_instance_changes_nothing(stack):
    instance_link((stack.folder / "instance").read_text()).unlink()
    assert "9 unchanged" in stack.up().succeeded().output


def test_destroy_removes_server_of_removed_folder(stack):
    shutil.rmtree(stack.folder, ignore_errors=True)
    assert any(line.startswith("process ") for line in stack.traces())
    stack.destroy().succeeded()
    assert stack.traces() == []
