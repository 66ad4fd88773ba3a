"""`up` on this machine, interrupted by its user or killed: `destroy` then leaves nothing."""

import os
import signal
import time

import pytest

from testkit import loads

pytestmark = [pytest.mark.engine, pytest.mark.long]

LONG = {"rowCount": 50_000_000, "tables": ["users", "orders"]}


def loading(stack):
    """Start an `up`, and wait until its first worker has loaded rows."""
    process = stack.start_up()
    loads.wait_until(lambda: loads.has_loaded(stack.folder / "workers" / "worker-1.out"), process, "progress")
    assert any("-m worker" in line for line in stack.traces())
    return process


def test_ctrl_c_stops_workers_and_next_up_runs_again(new_stack):
    stack = new_stack(**LONG)
    process = loading(stack)
    os.kill(process.pid, signal.SIGINT)
    output = loads.wait_for_end(process)
    assert process.returncode != 0, output
    assert "Traceback" not in output
    assert [trace for trace in stack.traces() if "-m worker" in trace or "mount" in trace] == []
    stack.up(rowCount=1000).succeeded()
    assert {result["metrics"]["rows_processed"] for result in stack.results().values()} == {1000}
    stack.destroy().succeeded()
    assert stack.traces() == []


def test_repeated_ctrl_c_leaves_nothing(new_stack):
    stack = new_stack(**LONG)
    process = loading(stack)
    while process.poll() is None:
        # A terminal sends the signal to the whole process group.
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.3)
    assert process.returncode != 0
    loads.wait_for_end(process)
    stack.destroy().succeeded()
    assert stack.traces() == []


def test_killed_engine_leaves_nothing(new_stack):
    stack = new_stack(**LONG)
    process = loading(stack)
    process.kill()
    loads.wait_for_end(process)
    stack.destroy().succeeded()
    assert stack.traces() == []


def test_engine_killed_during_server_start_leaves_nothing(new_stack):
    stack = new_stack(**LONG)
    process = stack.start_up()
    loads.wait_until((stack.folder / "server" / "elsewhere").is_file, process, "server's folder")
    process.kill()
    loads.wait_for_end(process)
    stack.destroy().succeeded()
    assert stack.traces() == []
