"""Everything that a run leaves is searched for the password, which may only be where it is needed."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from testkit import docker_command
from tests.integration import containers

pytestmark = [pytest.mark.engine, pytest.mark.long]

CONFIGURED = "configured-Passw0rd-of-the-tests"


def password_of(stack):
    """Return the password that the server really has."""
    password = urlsplit(stack.connection_string()).password
    assert password is not None
    assert len(password) >= 20
    return password


def leaks(stack, password, folder):
    """Return the files below a folder that contain the password in plain text."""
    return [str(path) for path in folder.rglob("*") if path.is_file() and password.encode() in path.read_bytes()]


def visible_texts(stack, *outputs):
    """Return all texts that a user reads of a stack: output of commands, plain outputs, and reports in each format."""
    reports = [stack.report("--output-format", form).output for form in ("table", "json", "markdown")]
    return [*outputs, json.dumps(stack.outputs()), stack.pulumi("stack", "output").output, *reports]


def test_configured_password_is_stored_nowhere(new_stack):
    """Use a password of the user; the run on Docker has a random one."""
    stack = new_stack(rowCount=1000)
    # The first command creates the stack.
    stack.preview().succeeded()
    stack.set_secret("databasePassword", CONFIGURED)
    up = stack.up().succeeded()
    password = password_of(stack)
    assert password == CONFIGURED
    assert stack.outputs()["connectionString"] == "[secret]"
    assert not any(password in text for text in visible_texts(stack, up.output))
    clone = stack.clone.folder
    assert leaks(stack, password, clone / ".pulumi") == []
    assert leaks(stack, password, stack.folder) == []
    assert leaks(stack, password, clone / "runs") == []
    assert password not in (clone / f"Pulumi.{stack.name}.yaml").read_text()
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if password.encode() in content(path)]


def content(path):
    """Return a process's command line, or nothing if it has ended in the meantime."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.mark.docker
def test_random_password_on_docker_is_stored_nowhere(new_stack, docker):
    stack = new_stack(rowCount=1000, **docker)
    up = stack.up().succeeded()
    password = password_of(stack)
    assert not any(password in text for text in visible_texts(stack, up.output))
    assert leaks(stack, password, stack.clone.folder / ".pulumi") == []
    found = containers.names(stack.name)
    assert len(found) == 4
    for name in found:
        inspected = containers.inspected("container", name)
        # The password may reach its container in the environment only.
        assert any(password in variable for variable in inspected["Config"].pop("Env"))
        assert password not in json.dumps(inspected)
        assert password not in containers.everything_logged(name)
    image = str(docker["workerBaseImage"])
    for volume, held in (("plan", '"workers":'), ("results", '"worker_id":')):
        mount = f"--volume=loadtest-{stack.name}-{volume}:/inspected:ro"
        found_in = docker_command.docker(
            "run", "--rm", mount, image, "find", "/inspected", "-type", "f", "-exec", "cat", "{}", "+"
        )
        assert held in found_in
        assert password not in found_in


def test_refused_password_is_not_repeated(new_stack):
    stack = new_stack(rowCount=10)
    stack.preview().succeeded()
    stack.set_secret("connectionString", f"postgresql://user:{CONFIGURED}@127.0.0.1:port/x")
    done = stack.preview().failed()
    assert "connectionString: its port is not a number" in done.output
    assert CONFIGURED not in done.output
