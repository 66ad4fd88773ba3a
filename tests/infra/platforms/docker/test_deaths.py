"""The engine's events distinguish a worker that ran out of memory from one that was killed."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from docker import DockerClient
from docker.models.containers import Container

from core.units import MIB
from infra.platforms.docker.client import connect
from infra.platforms.docker.runner import ran_out_of_memory
from testkit.images import image

pytestmark = pytest.mark.docker


@pytest.fixture
def engine() -> Iterator[DockerClient]:
    found = connect()
    yield found
    found.close()


@pytest.fixture
def container(engine: DockerClient) -> Iterator[Container]:
    """A container that exceeds its memory limit one second after its start."""
    program = ["python", "-c", "import time; time.sleep(1); taken = bytearray(200 << 20)"]
    made = engine.containers.run(
        image("python"), program, detach=True, mem_limit=24 * MIB, memswap_limit=24 * MIB, network_mode="none"
    )
    yield made
    made.remove(force=True)


def started(container: Container) -> datetime:
    container.reload()
    return datetime.fromisoformat(container.attrs["State"]["StartedAt"])


def test_out_of_memory_is_detected_by_event_without_flag(engine: DockerClient, container: Container) -> None:
    assert container.wait(timeout=60)["StatusCode"] == 137
    assert ran_out_of_memory(engine, container, started(container))


def test_killed_container_has_no_out_of_memory_event(engine: DockerClient, container: Container) -> None:
    container.kill()
    assert container.wait(timeout=60)["StatusCode"] == 137
    assert not ran_out_of_memory(engine, container, started(container))
