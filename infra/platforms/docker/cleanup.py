"""Containers, networks and volumes that carry the stack's label."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import docker
from docker.errors import DockerException, NotFound

from core.errors import RunError
from core.labels import INSTANCE_LABEL, STACK_LABEL
from core.text import one_line
from infra.platforms.orphan import Remains

_Filter = dict[str, str | list[str] | bool]
_SOCKET = Path("/var/run/docker.sock")
_ANSWER_SECONDS, _REMOVAL_SECONDS = 10, 60


class NoAnswerError(RunError):
    """An engine is installed, or named by DOCKER_HOST, and does not answer."""


def unanswered() -> str | None:
    """Return why the engine's things cannot be looked at; None where it answers, and where there is no engine."""
    try:
        client = _engine()
    except NoAnswerError as error:
        return str(error)
    if client is not None:
        client.close()
    return None


def was_chosen() -> bool:
    """Whether the user named an engine."""
    return "DOCKER_HOST" in os.environ


def remains(stack: str | None) -> Sequence[Remains]:
    """Return what carries the label of a stack, of whichever checkout; nothing where no engine answers.

    In the order in which they can go: containers, then what they used.
    """
    try:
        return _found(stack, _containers, _networks, _volumes)
    except NoAnswerError:
        return []


def containers(stack: str, instance: str) -> Sequence[Remains]:
    """Return the containers that one created stack marked as its own; raises RunError where the engine does not answer."""
    return _found(stack, _containers, instance=instance)


def _found(
    stack: str | None,
    *kinds: Callable[[docker.DockerClient, _Filter], Iterator[Remains]],
    instance: str | None = None,
) -> Sequence[Remains]:
    client = _engine()
    if client is None:
        return []
    labels = [STACK_LABEL if stack is None else f"{STACK_LABEL}={stack}"]
    chosen: _Filter = {"label": labels if instance is None else [*labels, f"{INSTANCE_LABEL}={instance}"]}
    try:
        return [each for kind in kinds for each in kind(client, chosen)]
    except DockerException as error:
        raise RunError(f"Docker: {one_line(error, 200)}") from None


def _engine() -> docker.DockerClient | None:
    """Return a client of the engine, once it has answered; None where there is none."""
    if not was_chosen() and not _SOCKET.exists():
        return None
    try:
        # The first question, for the API's version, ends soon where nobody answers; a removal may take its time.
        with closing(docker.from_env(timeout=_ANSWER_SECONDS)):
            return docker.from_env(timeout=_REMOVAL_SECONDS)
    except DockerException as error:
        raise NoAnswerError(f"no Docker engine answers ({one_line(error, 200)})") from None


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
            raise RunError(f"{kind} {thing.name}: {one_line(error, 200)}") from None

    return Remains(
        kind, str(thing.name), (labels or {}).get(STACK_LABEL, ""), removed, (labels or {}).get(INSTANCE_LABEL, "")
    )
