"""A password is nowhere but where it is needed: looked for by its own text, in everything that a run leaves behind."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.integration import containers

pytestmark = [pytest.mark.engine, pytest.mark.long]

CONFIGURED = "configured-Passw0rd-of-the-tests"


def password_of(stack):
    """The password that the server really has."""
    password = urlsplit(stack.connection_string()).password
    assert password is not None
    assert len(password) >= 20
    return password


def leaks(stack, password, folder):
    """The files below a folder that hold the password in plain."""
    return [str(path) for path in folder.rglob("*") if path.is_file() and password.encode() in path.read_bytes()]


def told_everywhere(stack, *outputs):
    """All that a user sees of a stack: what its commands print, its plain outputs, and its report in each format."""
    reports = [stack.report("--output-format", form).output for form in ("table", "json", "markdown")]
    return [*outputs, json.dumps(stack.outputs()), stack.pulumi("stack", "output").output, *reports]


def test_on_this_machine(new_stack):
    """The user's own password; the run on Docker has one that was drawn."""
    stack = new_stack(rowCount=1000)
    # The stack is there from its first command on.
    stack.preview().succeeded()
    stack.set_secret("databasePassword", CONFIGURED)
    up = stack.up().succeeded()
    password = password_of(stack)
    assert password == CONFIGURED
    assert stack.outputs()["connectionString"] == "[secret]"
    assert not any(password in text for text in told_everywhere(stack, up.output))
    clone = stack.clone.folder
    assert leaks(stack, password, clone / ".pulumi") == []
    assert leaks(stack, password, stack.folder) == []
    assert leaks(stack, password, clone / "runs") == []
    assert password not in (clone / f"Pulumi.{stack.name}.yaml").read_text()
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if password.encode() in content(path)]


def content(path):
    """A process's command line; empty where it has ended meanwhile."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.mark.docker
def test_on_docker(new_stack, docker):
    stack = new_stack(rowCount=1000, **docker)
    up = stack.up().succeeded()
    password = password_of(stack)
    assert not any(password in text for text in told_everywhere(stack, up.output))
    assert leaks(stack, password, stack.clone.folder / ".pulumi") == []
    found = containers.names(stack.name)
    assert len(found) == 4
    for name in found:
        inspected = containers.inspected("container", name)
        # It reaches its container by the environment, and by nothing else.
        assert any(password in variable for variable in inspected["Config"].pop("Env"))
        assert password not in json.dumps(inspected)
        assert password not in containers.everything_logged(name)
    image = str(docker["workerBaseImage"])
    for volume, held in (("plan", '"workers":'), ("results", '"worker_id":')):
        mount = f"--volume=loadtest-{stack.name}-{volume}:/looked-at:ro"
        found_in = containers.docker(
            "run", "--rm", mount, image, "find", "/looked-at", "-type", "f", "-exec", "cat", "{}", "+"
        )
        assert held in found_in
        assert password not in found_in


def test_a_refused_password_is_not_repeated(new_stack):
    stack = new_stack(rowCount=10)
    stack.preview().succeeded()
    stack.set_secret("connectionString", f"postgresql://user:{CONFIGURED}@127.0.0.1:port/x")
    done = stack.preview().failed()
    assert "connectionString: its port is not a number" in done.output
    assert CONFIGURED not in done.output
