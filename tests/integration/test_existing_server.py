"""An existing server: it is reached by a secret connection string and changed only as the settings allow."""

import pytest

from tests.integration import server

pytestmark = [pytest.mark.engine, pytest.mark.long]

ROWS = {"users": 50, "orders": 50, "products": 50}
WRONG = "not-the-password-of-the-tests"


@pytest.fixture(scope="module")
def given(new_stack):
    """A stack with a server and loaded tables."""
    stack = new_stack(rowCount=50)
    stack.up().succeeded()
    return stack


@pytest.fixture(scope="module")
def stack(new_stack, given):
    """A stack that loads into the server of the stack `given`."""
    stack = new_stack(rowCount=20)
    stack.preview().succeeded()
    stack.set_secret("connectionString", given.connection_string())
    return stack


def test_wrong_password_is_refused_in_one_line(new_stack, given):
    connection = given.connection_string()
    stack = new_stack(rowCount=20)
    stack.preview().succeeded()
    stack.set_secret("connectionString", connection.replace(connection.split(":")[2].split("@")[0], WRONG))
    output = stack.up().failed().output
    assert "password authentication failed" in output
    assert "check user and password in the connection string" in output
    assert "Traceback" not in output
    assert WRONG not in output


def test_existing_tables_are_refused_without_on_existing(stack, given):
    output = stack.up().failed().output
    assert "set loadtest:onExisting to empty or append" in output
    assert "Traceback" not in output
    assert server.rows_in(given.connection_string()) == ROWS


def test_command_line_setting_empties_existing_tables(stack, given):
    stack.pulumi(*stack.up_arguments(), "-c", "loadtest:onExisting=empty", "-c", "loadtest:rowCount=7").succeeded()
    assert server.rows_in(given.connection_string()) == dict.fromkeys(ROWS, 7)
    assert stack.outputs()["endpoint"] == given.outputs()["endpoint"]


def test_destroy_keeps_existing_server_and_rows(stack, given):
    before = server.rows_in(given.connection_string())
    stack.destroy().succeeded()
    assert stack.traces() == []
    assert server.rows_in(given.connection_string()) == before
