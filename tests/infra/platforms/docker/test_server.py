"""The start of the server's container: the wait ends as soon as it answers, or cannot answer any more."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from docker.models.containers import Container

from core.errors import ServerError
from infra.platforms.docker.client import connect
from infra.platforms.docker.server import start_server
from testkit.images import image

pytestmark = pytest.mark.docker
SECOND = 10**9
CHECK = {"test": ["CMD", "test", "-f", "/tmp/ready"], "interval": SECOND, "timeout": SECOND, "retries": 1}
Make = Callable[..., Container]


@pytest.fixture
def make() -> Iterator[Make]:
    """A function that starts containers with a health check and a shell script."""
    engine, made = connect(), []

    def start(script: str, **options: Any) -> Container:
        container = engine.containers.create(
            image("python"), ["sh", "-c", script], network_mode="none", healthcheck=CHECK, **options
        )
        made.append(container)
        container.start()
        return container

    yield start
    for each in made:
        each.remove(force=True)


def wait(container: Container) -> float:
    started = time.monotonic()
    start_server(connect(), container.id or "", lambda: True)
    return time.monotonic() - started


def test_wait_ends_when_the_check_succeeds(make: Make) -> None:
    assert wait(make("touch /tmp/ready; exec sleep 60")) < 60


def test_server_that_ends_is_named_with_its_log(make: Make) -> None:
    container = make("sleep 1; echo bad option --colour; exit 3")
    with pytest.raises(ServerError) as raised:
        wait(container)
    name = f"server: container {container.name} ended with exit code 3; its log: bad option --colour; "
    assert str(raised.value).startswith(name)
    assert str(raised.value).endswith("or check loadtest:databaseImage")


def test_server_that_stays_unhealthy_is_named_with_its_log(make: Make) -> None:
    with pytest.raises(ServerError, match=r"does not answer queries; its log: I am another server; raise loadtest:"):
        wait(make("echo I am another server; exec sleep 60"))


def test_stopped_server_is_started_again(make: Make) -> None:
    container = make("touch /tmp/ready; exec sleep 60")
    container.kill()
    container.wait()
    wait(container)
    container.reload()
    assert container.status == "running"


def test_command_that_does_not_exist_is_named(make: Make) -> None:
    engine = connect()
    container = engine.containers.create(image("python"), ["--no-such-program"], network_mode="none")
    try:
        with pytest.raises(
            ServerError, match=f"^server: container {container.name} did not start: .*no-such-program.*; raise"
        ):
            wait(container)
    finally:
        container.remove(force=True)


def test_wait_ends_when_the_run_is_not_wanted(make: Make) -> None:
    container = make("exec sleep 60", user="0")
    start_server(connect(), container.id or "", lambda: False)
