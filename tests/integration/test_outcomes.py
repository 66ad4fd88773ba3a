"""Outcomes of `up`: results in the outputs and the documented exit code, also for a run that failed."""

import os
import signal
import sys

import pytest

from core.errors import ExitCode
from testkit import loads
from testkit.interruption import ENDLESS

pytestmark = pytest.mark.engine

IMPOSSIBLE = "rows_per_second >= 1e12"
FAILING = {"thresholds": [IMPOSSIBLE], "failOn": "threshold"}


@pytest.fixture(scope="module")
def stack(new_stack):
    return new_stack(rowCount=300)


def loadtest(stack, *arguments):
    return stack.run(sys.executable, "-m", "cli", *arguments, "-s", stack.name)


def execution(stack):
    return stack.outputs()["executionId"]


def test_failed_threshold_fails_up_and_keeps_results(stack):
    output = stack.up(**FAILING).failed().output
    assert f"error: threshold failed: {IMPOSSIBLE}; see ./loadtest report -s {stack.name}" in output
    assert "Traceback" not in output
    assert {name: result["success"] for name, result in stack.results().items()} == {"worker-1": True, "worker-2": True}
    assert stack.report().code == ExitCode.THRESHOLD
    first = execution(stack)
    stack.preview().succeeded()
    stack.up().failed()
    assert execution(stack) == first
    stack.up(failOn="failure").succeeded()
    assert execution(stack) == first


def test_loadtest_up_ends_with_report_and_its_code(stack):
    stack.set(**FAILING)
    done = loadtest(stack, "up")
    assert done.code == ExitCode.THRESHOLD, done.output
    assert done.output.index("error: threshold failed") < done.output.index("TOTAL")


def test_again_repeats_unchanged_run(stack):
    stack.set(failOn="never", thresholds=[])
    loadtest(stack, "up", "--again").succeeded()
    before = execution(stack)
    assert "1 replaced" in loadtest(stack, "up", "--again").succeeded().output.replace("+-1", "1")
    after = execution(stack)
    assert before < after
    loadtest(stack, "up").succeeded()
    assert execution(stack) == after
    listed = loadtest(stack, "history").succeeded().output
    assert listed.index(before) < listed.index(after)
    compared = loadtest(stack, "compare", "previous", "latest", "--max-regression", "100%").output
    assert before in compared
    assert after in compared


def test_plain_up_prints_short_outputs(new_stack):
    stack = new_stack(rowCount=300, fullOutputs=False)
    output = stack.pulumi("up", "--yes", "--skip-preview", "--color=never").succeeded().output
    shown = output[output.index("Outputs:") :].splitlines()
    assert len(shown) < 30, output
    assert any("executionId" in line for line in shown)
    assert stack.outputs().keys().isdisjoint({"results", "plan", "serverSettings"})
    assert stack.report_json()["totals"]["rows"] == 900
    stack.destroy().succeeded()


def test_failed_worker_fails_up_with_its_reason(new_stack):
    stack = new_stack(rowCount=50_000_000, timeout=3, tables=["users", "orders"], failOn="failure")
    output = stack.up().failed().output
    assert "error: worker-1 (and 1 more): timed out: the run's timeout of 3 s was over" in output
    assert {result["exit_reason"] for result in stack.results().values()} == {"timed_out"}
    assert stack.report().code == ExitCode.FAILED
    stack.destroy().succeeded()


@pytest.mark.long
def test_ctrl_c_reports_interrupted_local_workers(new_stack):
    stack = new_stack(**ENDLESS)
    interrupt(stack, lambda: loads.has_loaded(stack.folder / "workers" / "worker-1.out"))


@pytest.mark.long
@pytest.mark.docker
def test_ctrl_c_reports_interrupted_containers(new_stack, docker):
    stack = new_stack(**ENDLESS, **docker)
    interrupt(stack, lambda: loads.has_loaded_in(f"loadtest-{stack.name}-worker-1"))


def interrupt(stack, has_loaded):
    """Press Ctrl-C during the load; the report must have the rows of the workers."""
    process = stack.clone.start(sys.executable, "-m", "cli", "up", "-s", stack.name, mark=stack.mark)
    loads.wait_until(has_loaded, process, "progress")
    # A terminal sends the signal to the whole process group.
    os.killpg(process.pid, signal.SIGINT)
    output = loads.wait_for_end(process)
    assert process.returncode == ExitCode.INTERRUPTED, output
    assert output.count("│ interrupted ") == 3, output
    assert "warning: the run was interrupted before its end" in output
    stack.destroy().succeeded()
