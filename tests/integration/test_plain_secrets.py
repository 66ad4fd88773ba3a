"""A password that is not encrypted is refused before anything runs, and the engine stores it nowhere."""

import shlex

import pytest

from testkit import engine

pytestmark = [pytest.mark.engine, pytest.mark.long]

PASSWORD = "plain-Passw0rd-of-the-tests"
URL = f"postgresql://user:{PASSWORD}@127.0.0.1:1/x"


@pytest.fixture(scope="module")
def stack(new_stack):
    stack = new_stack(rowCount=10)
    stack.preview().succeeded()
    return stack


def records(stack):
    """Return the backend's files that hold the password: state, history, logs."""
    files = [path for path in (stack.clone.folder / ".pulumi" / ".pulumi").rglob("*") if path.is_file()]
    assert files
    return [path for path in files if PASSWORD.encode() in path.read_bytes()]


@pytest.mark.parametrize(("key", "value"), [("connectionString", URL), ("databasePassword", PASSWORD)])
def test_plain_secret_on_command_line_is_refused(stack, key, value):
    before = records(stack)
    done = stack.pulumi("up", "--yes", "--color=never", "-c", f"loadtest:{key}={value}").failed()
    assert (
        f"loadtest:{key}: has a plain-text password in Pulumi.{stack.name}.yaml or on the command line" in done.output
    )
    assert f"pulumi config set --secret --stack {stack.name} loadtest:{key}" in done.output
    assert "Traceback" not in done.output
    assert PASSWORD not in done.output
    file = stack.clone.folder / ".pulumi" / "config" / f"Pulumi.{stack.name}.yaml"
    assert PASSWORD not in file.read_text()
    assert records(stack) == before


def test_connection_string_without_password_may_be_plain(stack):
    url = "postgresql://user@127.0.0.1:1/x"
    done = stack.pulumi("preview", "-c", f"loadtest:connectionString={url}").succeeded()
    assert "in clear" not in done.output
    stack.pulumi("config", "rm", "loadtest:connectionString").succeeded()


def test_plain_engine_that_kept_secret_has_a_remedy(stack):
    """Plain `pulumi` writes the value into the stack's file, and without a preview into its history."""
    arguments = [*stack.up_arguments(), "--stack", stack.name, "--non-interactive"]
    done = stack.run(*shlex.split(engine.command()), *arguments, "-c", f"loadtest:databasePassword={PASSWORD}").failed()
    assert "the stack's history keeps it, so change the password" in done.output
    assert f"pulumi config set --secret --stack {stack.name} loadtest:databasePassword" in done.output
    assert PASSWORD not in done.output
    file = stack.clone.folder / ".pulumi" / "config" / f"Pulumi.{stack.name}.yaml"
    assert PASSWORD in file.read_text()
    stack.set_secret("databasePassword", PASSWORD)
    assert PASSWORD not in file.read_text()
    stack.pulumi("config", "rm", "loadtest:databasePassword").succeeded()
