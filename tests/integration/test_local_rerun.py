"""A second `up` does nothing; a changed load setting runs again on an empty database."""

import pytest

from tests.integration import server

pytestmark = pytest.mark.engine

ROWS = {"users": 1000, "orders": 1000, "products": 1000}


@pytest.fixture(scope="module")
def stack(new_stack):
    stack = new_stack(rowCount=1000)
    stack.up().succeeded()
    return stack


def leave_a_row(stack):
    """Insert a row that no run generates. It exists as long as the database is the same."""
    server.execute(stack.connection_string(), "INSERT INTO users VALUES (1000000, 'old', 'old@old', now())")
    assert server.rows_in(stack.connection_string())["users"] == ROWS["users"] + 1


def test_second_up_runs_nothing(stack):
    before = stack.outputs("--show-secrets")
    assert "9 unchanged" in stack.up().succeeded().output
    assert stack.outputs("--show-secrets") == before


def test_new_run_id_runs_again_on_empty_database(stack):
    leave_a_row(stack)
    before = stack.outputs()
    stack.up(runId="second").succeeded()
    after = stack.outputs()
    assert after["runId"] == "second"
    assert {result["run_id"] for result in after["results"]} == {"second"}
    assert after["results"][0]["started_at"] > before["results"][0]["completed_at"]
    assert server.rows_in(stack.connection_string()) == ROWS


def test_changed_load_setting_runs_again_on_empty_database(stack):
    leave_a_row(stack)
    batches = {worker: result["metrics"]["batch_count"] for worker, result in stack.results().items()}
    assert batches == {"worker-1": 4, "worker-2": 2}
    stack.up(batchSize=100).succeeded()
    batches = {worker: result["metrics"]["batch_count"] for worker, result in stack.results().items()}
    assert batches == {"worker-1": 20, "worker-2": 10}
    assert server.rows_in(stack.connection_string()) == ROWS


def test_stacks_with_equal_settings_have_equal_rows(stack, new_stack):
    other = new_stack(rowCount=1000, workers=5, batchSize=333)
    other.up().succeeded()
    for table in server.TABLES:
        digest = f"SELECT md5(string_agg({table}::text, ' ' ORDER BY {table}::text)) FROM {table}"
        assert server.execute(stack.connection_string(), digest) == server.execute(other.connection_string(), digest)
