"""Find orphaned containers, networks and volumes by their labels: for the cleanup command, and during `destroy`."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import docker
import pulumi
from docker.errors import NotFound
from pulumi.dynamic import CreateResult, Resource

from core.docker_address import DockerAddress, docker_address
from core.errors import RunError
from core.labels import INSTANCE_LABEL, STACK_LABEL
from core.stack_file import stacks_of
from infra.orphaned_plugins import orphaned_plugins
from infra.ownership import OrphanedResource, Orphans
from infra.platforms.docker.client import DRIVER_ERRORS, client_of, message_of, wrap_docker_errors
from infra.resources.dynamic import ReplaceOnChangeProvider
from infra.worker_image import REPOSITORY

_Filter = dict[str, str | list[str] | bool]
_ANSWER_SECONDS, _REMOVAL_SECONDS = 10, 60


class NoAnswerError(RunError):
    """An engine is installed, or named by DOCKER_HOST, and does not answer."""


def find_orphans(project: Path, stack: str | None, instances: Collection[str]) -> Orphans:
    """Return everything that has a stack's label, on the engine of each stack: containers, then networks and volumes."""
    found: list[OrphanedResource] = []
    addresses = [docker_address(project, each) for each in ([stack] if stack else ["", *stacks_of(project)])]
    for address in {each.host: each for each in addresses}.values():
        try:
            found += _find(address, stack, _containers, _networks, _volumes)
        except NoAnswerError as error:
            unsearched = f"{error}; its containers were not checked: {address.remedy()}, and run this again"
            return Orphans(unsearched=unsearched, is_chosen=bool(address.named_by))
    return Orphans.of(found, instances)


def kept(project: Path, stack: str) -> Sequence[str]:
    """Return the worker images: the next run starts from one without a build. Raises RunError or NoAnswerError."""
    client = _engine(docker_address(project, stack))
    if client is None:
        return ()
    with closing(client), wrap_docker_errors():
        images = client.images.list(name=REPOSITORY)
    if not images:
        return ()
    # Images share layers, so that a sum of their sizes would be too large.
    largest = max(int(image.attrs["Size"]) for image in images)
    number = f"{len(images)} worker image{'s' * (len(images) > 1)} (up to {largest / 1e6:,.0f} MB)"
    remedy = f"remove with `docker image rm $(docker image ls --quiet {REPOSITORY})`"
    return [f"{number} on Docker, so that the next run needs no build; {remedy}"]


class OrphanCleanupProvider(ReplaceOnChangeProvider):
    """Remove, on `destroy`, the containers and volumes that a killed engine created and did not record in the state.

    The resource is created before the stack's containers and volumes, and so deleted after the recorded ones.
    """

    triggers = ("stack", "instance")

    def create_resource(self, props: dict[str, Any]) -> CreateResult:
        """Create nothing."""
        return CreateResult(id_="orphan-cleanup", outs={key: props[key] for key in self.triggers})

    def delete_resource(self, props: dict[str, Any]) -> None:
        """End plugins whose engine has ended, which could create more, then remove the instance's containers and volumes."""
        if not props.get("instance"):  # the state of an earlier version, without an instance label
            return
        # The engine starts its providers in the project's folder.
        for each in orphaned_plugins(Path.cwd()):
            each.remove()
        address = docker_address(Path.cwd(), props["stack"])
        for each in _find(address, props["stack"], _containers, _volumes, instance=props["instance"]):
            each.remove()


class OrphanCleanup(Resource, module="loadtest", name="OrphanCleanup"):
    """The unrecorded containers and volumes of a stack. Resources that it depends on are removed after them."""

    def __init__(self, name: str, stack: str, instance: pulumi.Input[str], opts: pulumi.ResourceOptions) -> None:
        super().__init__(OrphanCleanupProvider(), name, {"stack": stack, "instance": instance}, opts)


def _find(
    address: DockerAddress,
    stack: str | None,
    *kinds: Callable[[docker.DockerClient, _Filter], Iterator[OrphanedResource]],
    instance: str | None = None,
) -> Sequence[OrphanedResource]:
    client = _engine(address)
    if client is None:
        return []
    labels = [STACK_LABEL if stack is None else f"{STACK_LABEL}={stack}"]
    chosen: _Filter = {"label": labels if instance is None else [*labels, f"{INSTANCE_LABEL}={instance}"]}
    with wrap_docker_errors():
        return [each for kind in kinds for each in kind(client, chosen)]


def _engine(address: DockerAddress) -> docker.DockerClient | None:
    """Return a client of an engine that answered, or None if there is no engine. Raises NoAnswerError."""
    if not address.exists:
        return None
    try:
        # The first request, for the API's version, needs a short timeout; a removal may take longer.
        with closing(client_of(address, _ANSWER_SECONDS)):
            return client_of(address, _REMOVAL_SECONDS)
    except DRIVER_ERRORS as error:
        raise NoAnswerError(f"no Docker engine answers ({message_of(error)})") from None


def _containers(client: docker.DockerClient, chosen: _Filter) -> Iterator[OrphanedResource]:
    for container in client.containers.list(all=True, filters=chosen, ignore_removed=True):
        yield _orphan("container", container, container.labels, lambda each: each.remove(force=True, v=True))


def _networks(client: docker.DockerClient, chosen: _Filter) -> Iterator[OrphanedResource]:
    for network in client.networks.list(filters=chosen):
        yield _orphan("network", network, network.attrs.get("Labels"), lambda each: each.remove())


def _volumes(client: docker.DockerClient, chosen: _Filter) -> Iterator[OrphanedResource]:
    for volume in client.volumes.list(filters=chosen):
        yield _orphan("volume", volume, volume.attrs.get("Labels"), lambda each: each.remove(force=True))


def _orphan(kind: str, thing: Any, labels: dict[str, str] | None, remove: Callable[[Any], object]) -> OrphanedResource:
    def remove_unless_gone() -> None:
        try:
            remove(thing)
        except NotFound:
            return
        except DRIVER_ERRORS as error:
            raise RunError(f"{kind} {thing.name}: {message_of(error)}") from None

    stack, instance = ((labels or {}).get(key, "") for key in (STACK_LABEL, INSTANCE_LABEL))
    return OrphanedResource(kind, str(thing.name), stack, remove_unless_gone, instance)
