"""Workers on this machine that are killed: each is reported with its reason, and the others finish."""

import json
import os
import re
import signal

import pytest

from core.errors import ExitCode
from testkit import loads
from testkit.requires import requires

pytestmark = [pytest.mark.engine, pytest.mark.long]


def lines_of(report):
    """Return the report's workers by id, read from its JSON."""
    return {line["worker_id"]: line for line in json.loads(report.output)["workers"]}


def test_killed_worker_is_reported_and_the_other_finishes(new_stack):
    stack = new_stack(rowCount=300_000, tables=["users", "orders"])
    process = stack.start_up()
    workers = stack.folder / "workers"
    loads.wait_until(lambda: all(loads.has_loaded(workers / f"worker-{n}.out") for n in (1, 2)), process, "progress")
    os.kill(int((workers / "worker-1.pid").read_text().split()[0]), signal.SIGKILL)
    loads.wait_for_end(process)
    assert process.returncode == 0
    results = stack.results()
    assert (results["worker-1"]["success"], results["worker-1"]["exit_reason"]) == (False, "killed")
    assert 0 < results["worker-1"]["metrics"]["rows_processed"] < 300_000
    assert (results["worker-2"]["success"], results["worker-2"]["metrics"]["rows_processed"]) == (True, 300_000)
    assert stack.outputs()["succeeded"] is False
    report = stack.report()
    assert report.code == ExitCode.FAILED
    assert "worker-1" in report.output
    assert "SIGKILL; no out-of-memory event was reported" in report.output


def test_worker_out_of_memory_is_reported_with_its_limit(new_stack):
    stack = new_stack(rowCount=1000, memoryLimit="48Mi", tmpfs=False)
    done = stack.up()
    results = stack.results().values()
    named = [text for result in results for text in result.get("environment", {}).get("not_enforced", ())]
    requires(
        not any("memory limit" in text for text in named),
        "cgroups",
        "control groups that limit memory are not available",
    )
    # They are killed before they are ready to load: the first one ends the run.
    killed = [result for result in results if result["exit_reason"] == "oom_killed"]
    assert killed
    assert all("the kernel killed it at its memory limit" in result["errors"][0] for result in killed)
    assert "not ready, and nothing was loaded: worker-" in done.failed().output
    assert {result["metrics"]["rows_processed"] for result in results} == {0}
    report = stack.report()
    assert report.code == ExitCode.FAILED
    assert len(re.findall(r"│ oom killed +│", report.output)) == len(killed)


def test_timeout_ends_run(new_stack):
    # On a busy machine, workers may not have begun to load by then. test_killed_worker checks that their rows are kept.
    stack = new_stack(rowCount=50_000_000, timeout=4)
    stack.up().succeeded()
    for result in stack.results().values():
        assert result["exit_reason"] == "timed_out"
        assert "raise loadtest:timeout" in result["errors"][-1]
        assert result["metrics"]["rows_processed"] < 50_000_000
    assert stack.report().code == ExitCode.FAILED
