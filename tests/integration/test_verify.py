"""Runs that verify what they or earlier runs loaded. test_presets.py covers all sources."""

import pytest

from core.errors import ExitCode
from testkit import docker_command, loads
from tests.integration import server

pytestmark = [pytest.mark.engine, pytest.mark.long]
TOTALS = ("expected", "found", "missing", "mismatched", "matched", "extra")


def totals(stack):
    """Return the sums of all workers' counts."""
    reports = [result["verification_report"] for result in stack.results().values()]
    return {name: sum(report[f"total_{name}"] for report in reports) for name in TOTALS}


def all_matched(rows):
    return {"expected": rows, "found": rows, "missing": 0, "mismatched": 0, "matched": rows, "extra": 0}


@pytest.fixture(scope="module")
def stack(new_stack):
    stack = new_stack(rowCount=2000, operation="populate+verify", verifyDepth="checksum")
    stack.up().succeeded()
    return stack


def test_loaded_rows_are_verified(stack):
    assert totals(stack) == all_matched(6000)
    results = stack.results().values()
    assert sum(result["metrics"]["rows_processed"] for result in results) == 6000
    assert all(result["success"] and result["phases"]["verify"] > 0 for result in results)
    report = stack.report()
    assert report.code == 0
    assert "Verification:" in report.output
    assert "6,000 rows expected" in report.output


def test_verify_finds_changes_in_earlier_run(stack, new_stack):
    address = stack.connection_string()
    later = new_stack(rowCount=2000, operation="verify", workers=5)
    later.set_secret("connectionString", address)
    later.up().succeeded()
    assert totals(later) == all_matched(6000)
    server.execute(address, "UPDATE users SET name = 'changed' WHERE id = 7")
    server.execute(address, "DELETE FROM products WHERE id = 8")
    server.execute(address, "INSERT INTO orders SELECT gen_random_uuid(), user_id, amount, status FROM orders LIMIT 1")
    later.up(runId="again").succeeded()
    assert totals(later) == {**all_matched(6000), "mismatched": 1, "missing": 1, "extra": 1, "matched": 5998}
    wrong = [result for result in later.results().values() if not result["success"]]
    assert {(result["exit_reason"], result["exit_code"]) for result in wrong} == {("completed", ExitCode.DIFFERENCE)}
    report = later.report()
    assert report.code == ExitCode.DIFFERENCE
    assert "changed" in report.output


def test_verify_alone_is_refused_without_existing_server(new_stack):
    refused = new_stack(operation="verify").preview().failed()
    assert "loadtest:operation: 'verify' reads existing rows" in refused.output


@pytest.mark.docker
def test_killed_worker_restarts_and_loads_all_rows(new_stack, docker):
    rows = 150_000
    stack = new_stack(rowCount=rows, tables=["users", "orders"], operation="populate+verify", retries=1, **docker)
    process = stack.start_up()
    name = f"loadtest-{stack.name}-worker-1"
    loads.wait_until(lambda: loads.has_loaded_in(name), process, "progress")
    docker_command.docker("kill", name)
    output = loads.wait_for_end(process)
    assert process.returncode == 0, output
    results = stack.results()
    assert {worker: (result["attempt"], result["success"]) for worker, result in results.items()} == {
        "worker-1": (2, True),
        "worker-2": (1, True),
    }
    assert totals(stack) == all_matched(2 * rows)
    report = stack.report()
    assert report.code == 0
    assert "restarted after a failure" in report.output
