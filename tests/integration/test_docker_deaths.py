"""Workers on Docker that are killed, and runs that are interrupted: the reported reason, and what is left."""

import os
import signal

import pytest

from core.errors import ExitCode
from testkit import docker_command, loads
from tests.integration import containers

pytestmark = [pytest.mark.engine, pytest.mark.docker]


def container(stack, worker):
    return f"loadtest-{stack.name}-{worker}"


def loading(stack, *workers):
    """Start an `up`, and wait until its workers have loaded rows."""
    process = stack.start_up()
    loads.wait_until(
        lambda: all(loads.has_loaded_in(container(stack, worker)) for worker in workers), process, "progress"
    )
    return process


def test_killed_worker_is_reported_and_the_other_finishes(new_stack, docker):
    stack = new_stack(rowCount=400_000, tables=["users", "orders"], **docker)
    process = loading(stack, "worker-1", "worker-2")
    docker_command.docker("kill", container(stack, "worker-1"))
    output = loads.wait_for_end(process)
    assert process.returncode == 0, output
    results = stack.results()
    killed, other = results["worker-1"], results["worker-2"]
    assert (killed["success"], killed["exit_reason"], killed["exit_code"]) == (False, "killed", 137)
    assert 0 < killed["metrics"]["rows_processed"] < 400_000
    assert (other["success"], other["metrics"]["rows_processed"]) == (True, 400_000)
    assert containers.query(container(stack, "database"), "SELECT count(*) FROM orders") == "400000"
    report = stack.report()
    assert report.code == ExitCode.FAILED
    assert "worker-1" in report.output
    assert "SIGKILL; no out-of-memory event was reported" in report.output
    stack.destroy().succeeded()
    assert stack.traces() == []


def test_worker_out_of_memory_is_reported_with_its_limit(new_stack, docker):
    stack = new_stack(rowCount=200_000, workers=1, memoryLimit="80Mi", tmpfs=False, **docker)
    stack.up().succeeded()
    (result,) = stack.results().values()
    assert (result["success"], result["exit_reason"]) == (False, "oom_killed")
    assert "memory limit of 80 MiB" in result["errors"][0]
    report = stack.report()
    assert report.code == ExitCode.FAILED
    assert "memory limit of 80 MiB" in report.output


def test_destroy_after_ctrl_c_or_kill_leaves_nothing(new_stack, docker):
    stack = new_stack(rowCount=50_000_000, **docker)
    process = loading(stack, "worker-1")
    os.kill(process.pid, signal.SIGINT)
    output = loads.wait_for_end(process)
    assert process.returncode != 0
    assert "Traceback" not in output
    assert containers.inspected("container", container(stack, "worker-1"))["State"]["Running"] is False
    process = loading(stack, "worker-1")
    process.kill()
    loads.wait_for_end(process)
    stack.destroy().succeeded()
    assert stack.traces() == []
