"""Containers, networks and volumes that carry the stack's label."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import docker
from docker.errors import DockerException, NotFound

from infra.sweeping.remains import Remains
from spec.errors import RunError
from spec.labels import INSTANCE_LABEL, STACK_LABEL

_Filter = dict[str, str | list[str] | bool]
_SOCKET = Path("/var/run/docker.sock")


def remains(stack: str | None) -> Sequence[Remains]:
    """Return what carries the label of a stack, of whichever checkout; nothing without an engine.

    In the order in which they can go: containers, then what they used.
    """
    return _found(stack, _containers, _networks, _volumes)


def containers(stack: str, instance: str) -> Sequence[Remains]:
    """Return the containers that one created stack marked as its own."""
    return _found(stack, _containers, instance=instance)


def _found(
    stack: str | None,
    *kinds: Callable[[docker.DockerClient, _Filter], Iterator[Remains]],
    instance: str | None = None,
) -> Sequence[Remains]:
    if "DOCKER_HOST" not in os.environ and not _SOCKET.exists():
        return []
    try:
        client = docker.from_env(timeout=60)
        client.ping()
        labels = [STACK_LABEL if stack is None else f"{STACK_LABEL}={stack}"]
        chosen: _Filter = {"label": labels if instance is None else [*labels, f"{INSTANCE_LABEL}={instance}"]}
        return [each for kind in kinds for each in kind(client, chosen)]
    except DockerException as error:
        raise RunError(f"Docker: {' '.join(str(error).split())[:200]}") from None


def _containers(client: docker.DockerClient, chosen: _Filter) -> Iterator[Remains]:
    for container in client.containers.list(all=True, filters=chosen, ignore_removed=True):
        yield _remnant("container", container, container.labels, lambda each: each.remove(force=True, v=True))


def _networks(client: docker.DockerClient, chosen: _Filter) -> Iterator[Remains]:
    for network in client.networks.list(filters=chosen):
        yield _remnant("network", network, network.attrs.get("Labels"), lambda each: each.remove())


def _volumes(client: docker.DockerClient, chosen: _Filter) -> Iterator[Remains]:
    for volume in client.volumes.list(filters=chosen):
        yield _remnant("volume", volume, volume.attrs.get("Labels"), lambda each: each.remove(force=True))


def _remnant(kind: str, thing: Any, labels: dict[str, str] | None, remove: Callable[[Any], object]) -> Remains:
    def removed() -> None:
        try:
            remove(thing)
        except NotFound:
            return
        except DockerException as error:
            raise RunError(f"{kind} {thing.name}: {' '.join(str(error).split())[:200]}") from None

    return Remains(
        kind, str(thing.name), (labels or {}).get(STACK_LABEL, ""), removed, (labels or {}).get(INSTANCE_LABEL, "")
    )
