"""A cancelled preparation in a container."""

import time
from collections.abc import Iterator

import pytest
from docker.models.containers import Container

from core.results import ExitReason
from infra.platforms.docker.client import connect
from infra.platforms.docker.runner import DockerHandles, DockerRunner
from testkit.images import image
from tests.infra.fleet.plans import smallest_plan

pytestmark = pytest.mark.docker


@pytest.fixture
def container() -> Iterator[Container]:
    """A container that runs for ten minutes."""
    made = connect().containers.create(image("python"), ["sleep", "600"], network_mode="none")
    yield made
    made.remove(force=True)


def test_cancelled_preparation_is_killed(container: Container) -> None:
    prepare = container.id or ""
    handles = DockerHandles(prepare=prepare, plan_file="/tmp/plan.json", workers={}, output_in_container="/out")

    def wanted() -> bool:
        container.reload()
        return container.status != "running"

    started = time.monotonic()
    assert DockerRunner(handles, smallest_plan(1)).prepare(300, wanted).reason is ExitReason.INTERRUPTED
    assert time.monotonic() - started < 60
    container.reload()
    assert container.status == "exited"


def test_preparation_ending_during_cancel_is_interrupted(container: Container) -> None:
    handles = DockerHandles(
        prepare=container.id or "", plan_file="/tmp/plan.json", workers={}, output_in_container="/out"
    )

    def wanted() -> bool:
        container.kill()
        return False

    assert DockerRunner(handles, smallest_plan(1)).prepare(300, wanted).reason is ExitReason.INTERRUPTED
