"""A stack is refused before anything is created if its names belong to another checkout's stack."""

from collections.abc import Iterator

import docker
import pulumi
import pytest

from core.errors import SettingsError
from core.labels import INSTANCE_LABEL, STACK_LABEL
from infra.platforms.docker import component
from infra.platforms.docker.client import DockerNames, require_own_names
from testkit import session
from testkit.images import image
from tests.infra.platforms.rendering import INSTANCE, Declared, declare, declare_into

pytestmark = pytest.mark.docker
OTHER = "fedcba9876543210"
REMEDY = "use another stack name, destroy that stack, or list orphaned resources with `./loadtest cleanup -s {}`"


@pytest.fixture(scope="module")
def engine() -> Iterator[docker.DockerClient]:
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture(scope="module")
def stack(engine: docker.DockerClient) -> Iterator[str]:
    """The name of a stack of another checkout, which has created its network, volume and container."""
    name = session.unique("names")
    labels = {STACK_LABEL: name, INSTANCE_LABEL: OTHER}
    # The volume of a stack whose name begins with this one's, which is not a conflict.
    further = engine.volumes.create(f"loadtest-{name}-2-plan", labels=labels)
    network = engine.networks.create(f"loadtest-{name}", labels=labels, internal=True)
    volume = engine.volumes.create(f"loadtest-{name}-plan")
    container = engine.containers.create(
        image("python"), name=f"loadtest-{name}-worker-1", network=network.name, labels=labels
    )
    yield name
    container.remove(force=True)
    network.remove()
    volume.remove()
    further.remove()


def taken(stack: str) -> str:
    return (
        f"stack: '{stack}' needs names that are in use: network loadtest-{stack}, container loadtest-{stack}-worker-1 "
        f"(created by stack {stack}, instance {OTHER}), volume loadtest-{stack}-plan (not created by a stack); "
        f"{REMEDY.format(stack)}"
    )


@pytest.mark.parametrize("instance", [INSTANCE, ""])
def test_names_of_another_instance_are_refused_in_one_line(engine, stack, instance):
    with pytest.raises(SettingsError) as refused:
        require_own_names(engine, DockerNames(stack, ["prepare", "worker-1"]), [instance])
    assert str(refused.value) == taken(stack)


def test_names_of_own_instance_and_free_names_are_accepted(engine, stack):
    require_own_names(engine, DockerNames(f"{stack}-2", ["prepare"]), [INSTANCE, OTHER])
    require_own_names(engine, DockerNames(f"{stack}-3", ["prepare"]), [])
    with pytest.raises(SettingsError, match="-2-plan"):
        require_own_names(engine, DockerNames(f"{stack}-2", ["prepare"]), [INSTANCE])


def test_all_resources_of_own_instance_are_declared(engine, stack, monkeypatch):
    monkeypatch.setattr(component, "check_images", lambda _: None)
    declared = declare("docker", stack=f"{stack}-3", source="postgresql", workerImage=None)
    kinds = {each.type.rpartition(":")[2] for each in declared if each.type.startswith("docker:")}
    assert kinds == {"Network", "Volume", "RemoteImage", "Container"}


def test_conflicting_names_prevent_declaration(engine, stack, monkeypatch):
    monkeypatch.setattr(component, "check_images", lambda _: None)
    declared: list[Declared] = []
    with pytest.raises(pulumi.RunError) as refused:
        declare_into(declared, "docker", stack, source="postgresql", workerImage=None)
    assert str(refused.value) == taken(stack)
    assert [each.type for each in declared if each.type.startswith("docker:")] == []
