"""Recovery on Docker from what was stopped, removed or replaced by hand.

The faults are tried in turn on one stack. `tests/infra/platforms/docker/test_instance.py` has each missing thing.
"""

import sys

import pytest

from testkit import session
from testkit.docker_command import docker as run_docker
from testkit.docker_command import run_docker as try_docker
from tests.integration import containers

pytestmark = [pytest.mark.engine, pytest.mark.docker]

ROWS = "300"


@pytest.fixture(scope="module")
def base(docker):
    """A tag of its own for the base image, so that no other test uses the worker image that is removed here."""
    name = f"{session.unique('base')}:1"
    run_docker("tag", str(docker["workerBaseImage"]), name)
    yield name
    run_docker("rmi", name)


@pytest.fixture(scope="module")
def stack(new_stack, docker, base):
    settings = {**docker, "workerBaseImage": base, "keepDatabasePort": True}
    stack = new_stack(**settings, rowCount=int(ROWS), tables=["users"], workers=1)
    stack.up().succeeded()
    return stack


@pytest.fixture(scope="module")
def image(stack):
    """The name of the stack's worker image."""
    name = containers.inspected("container", named(stack, "worker-1"))["Config"]["Image"]
    yield name
    try_docker("rmi", "--force", name)


def named(stack, role):
    return f"loadtest-{stack.name}-{role}"


def heals(stack, lost):
    """Run `up`, and check that it names what is lost, and that the stack then has a server with all rows."""
    output = stack.up().succeeded().output
    assert "Traceback" not in output
    assert f"{lost}; `up` creates it again and repeats the run" in output
    assert containers.query(named(stack, "database"), "SELECT count(*) FROM users") == ROWS


def test_healthy_stack_is_unchanged_after_refresh(stack):
    stack.pulumi("refresh", "--yes", "--skip-preview").succeeded()
    assert "15 unchanged" in stack.up().succeeded().output
    port = run_docker("port", named(stack, "database"), "5432").strip()
    assert stack.outputs()["endpoint"] == f"postgresql://{port}/loadtest"


def test_killed_server_and_removed_image_are_replaced(stack, image):
    run_docker("kill", named(stack, "database"))
    lost = f"container {named(stack, 'database')} is not running (exited)"
    assert f"{lost}; `up` creates it again" in stack.preview().succeeded().output
    run_docker("rmi", "--force", image)
    heals(stack, f"image {image} is missing")


def test_up_after_cleanup_and_refresh_runs_again(stack):
    stack.run(sys.executable, "-m", "infra.cli.cleanup", "--stack", stack.name, "--yes").succeeded()
    assert stack.traces() == []
    stack.pulumi("refresh", "--yes", "--skip-preview").succeeded()
    heals(stack, f"network loadtest-{stack.name} is missing")


def test_things_of_others_in_place_of_removed_ones_are_kept(stack, docker):
    server, volume = named(stack, "database"), named(stack, "results")
    run_docker("rm", "--force", "--volumes", *containers.names(stack.name))
    run_docker("volume", "rm", volume)
    run_docker("volume", "create", volume)
    run_docker("create", f"--name={server}", f"--volume={volume}:/data", str(docker["workerBaseImage"]))
    try:
        for done in (stack.up(), stack.destroy()):
            assert f"volume {volume} (not created by a stack)" in done.failed().output.replace(
                f", container {server}", ""
            )
            assert "Traceback" not in done.output
        assert containers.inspected("container", server)["Config"]["Image"] == docker["workerBaseImage"]
        assert not containers.inspected("volume", volume)["Labels"]
    finally:
        run_docker("rm", server)
        try_docker("volume", "rm", volume)


def test_destroy_after_removal_removes_unrecorded_volume(stack):
    network = f"loadtest-{stack.name}"
    labels = containers.inspected("network", network)["Labels"]
    run_docker("volume", "create", *(f"--label={key}={value}" for key, value in labels.items()), named(stack, "more"))
    run_docker("network", "rm", network)
    stack.destroy().succeeded()
    assert stack.traces() == []
