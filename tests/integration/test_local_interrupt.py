"""`up` on this machine, ended in the middle by its user or by the kernel: `destroy` then leaves nothing."""

import os
import signal
import time

import pytest

from testkit import loads

pytestmark = [pytest.mark.engine, pytest.mark.long]

LONG = {"rowCount": 50_000_000, "tables": ["users", "orders"]}


def loading(stack):
    """An `up` whose first worker has loaded rows."""
    process = stack.start_up()
    loads.until(lambda: loads.has_loaded(stack.folder / "workers" / "worker-1.out"), process, "progress")
    assert any("-m worker" in line for line in stack.traces())
    return process


def test_ctrl_c_ends_the_workers_and_another_up_runs_again(new_stack):
    stack = new_stack(**LONG)
    process = loading(stack)
    os.kill(process.pid, signal.SIGINT)
    output = loads.end(process)
    assert process.returncode != 0, output
    assert "Traceback" not in output
    assert [trace for trace in stack.traces() if "-m worker" in trace or "mount" in trace] == []
    stack.up(rowCount=1000).succeeded()
    assert {result["metrics"]["rows_processed"] for result in stack.results().values()} == {1000}
    stack.destroy().succeeded()
    assert stack.traces() == []


def test_ctrl_c_until_the_engine_ends(new_stack):
    stack = new_stack(**LONG)
    process = loading(stack)
    while process.poll() is None:
        # To the whole group, as a terminal does it.
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.3)
    assert process.returncode != 0
    loads.end(process)
    stack.destroy().succeeded()
    assert stack.traces() == []


def test_the_engine_is_killed(new_stack):
    stack = new_stack(**LONG)
    process = loading(stack)
    process.kill()
    loads.end(process)
    stack.destroy().succeeded()
    assert stack.traces() == []


def test_the_server_is_being_made(new_stack):
    stack = new_stack(**LONG)
    process = stack.start_up()
    loads.until((stack.folder / "server" / "elsewhere").is_file, process, "server's folder")
    process.kill()
    loads.end(process)
    stack.destroy().succeeded()
    assert stack.traces() == []
