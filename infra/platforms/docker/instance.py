"""The identity of a stack on Docker. It is drawn again if anything is missing that the stack has created.

Everything else has the instance as a label and is replaced with it: Pulumi does not check whether what it recorded exists.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime
from typing import Any

import docker
from docker.errors import ImageNotFound, NotFound
from pulumi.dynamic import CreateResult

from core.errors import RunError
from core.labels import DATABASE_ROLE, INSTANCE_LABEL, PREPARE_ROLE, ROLES_LABEL, SERVER_LABEL
from core.process import loadtest_command
from infra.ownership import require_none_foreign
from infra.platforms.docker.client import DockerNames, NoEngineError, connect, existing_volumes, wrap_docker_errors
from infra.resources.guard import GuardProvider
from infra.resources.identity import InstanceProvider

_RUNNING = "running"
_UNUSED_YEAR = 1
"""The year of the start of a container that was never started."""


class DockerInstanceProvider(InstanceProvider):
    """Draw an instance id and record the engine. Find what was removed or stopped there."""

    def create_resource(self, props: dict[str, Any]) -> CreateResult:
        """Return a new id, with the engine's."""
        with closing(connect(props["stack"])) as engine, wrap_docker_errors():
            engine_id = _id_of(engine)
        created = super().create_resource(props)
        return CreateResult(id_=created.id, outs={**(created.outs or {}), "engine": engine_id})

    def find_lost(self, props: dict[str, Any]) -> str:
        """Return the first missing resource; nothing if the engine does not answer. Raises RunError for another engine."""
        super().find_lost(props)
        stack = props["stack"]
        try:
            engine = connect(stack)
        except NoEngineError:  # a preview works without an engine
            return ""
        with closing(engine), wrap_docker_errors():
            require_same_engine(engine, stack, props.get("engine"))
            return next(losses(engine, stack, props["mark"]), "")


class DockerGuardProvider(GuardProvider):
    """Refuse `destroy` on another engine than the stack's, and while others use the names of its volumes.

    The provider deletes containers and the network by their ids, but volumes by their names.
    """

    recorded = ("engine",)

    def create_resource(self, props: dict[str, Any]) -> CreateResult:
        """Record the engine."""
        with closing(connect(props["stack"])) as engine, wrap_docker_errors():
            return super().create_resource({**props, "engine": _id_of(engine)})

    def require_owned(self, props: dict[str, Any]) -> None:
        """Raise RunError if the engine does not answer or is another one, or if a volume is another instance's."""
        stack = props["stack"]
        try:
            engine = connect(stack)
        except NoEngineError as error:
            raise RunError(f"{error}; {_forget(stack)}") from None
        with closing(engine), wrap_docker_errors():
            require_same_engine(engine, stack, props["engine"])
            require_none_foreign(stack, list(existing_volumes(engine, DockerNames(stack, ()))), props["instance"])


def require_same_engine(engine: docker.DockerClient, stack: str, recorded: str | None) -> None:
    """Raise RunError if this is not the engine that the stack was created on."""
    current = engine.info()
    if recorded and recorded != current.get("ID"):
        raise RunError(
            f"stack: {stack!r} was created on another Docker engine than {current.get('Name')}; select that engine, "
            f"{_forget(stack)}"
        )


def losses(engine: docker.DockerClient, stack: str, instance: str) -> Iterator[str]:
    """Yield what an instance lacks on the engine."""
    chosen = {"label": f"{INSTANCE_LABEL}={instance}"}
    names = DockerNames(stack, ())
    if names.prefix not in {each["Name"] for each in engine.api.networks(filters=chosen)}:
        yield f"network {names.prefix} is missing"
    volumes = {each["Name"] for each in engine.api.volumes(filters=chosen)["Volumes"] or ()}
    for volume in (names.plan_volume, names.results_volume):
        if volume not in volumes:
            yield f"volume {volume} is missing"
    containers = {
        name.removeprefix("/"): each
        for each in engine.api.containers(all=True, filters=chosen)
        for name in each["Names"]
    }
    prepare = containers.get(names.container(PREPARE_ROLE))
    labels = prepare["Labels"] if prepare else {}
    for role in (PREPARE_ROLE, *filter(None, labels.get(ROLES_LABEL, "").split(","))):
        if names.container(role) not in containers:
            yield f"container {names.container(role)} is missing"
    if prepare:
        server = containers.get(names.container(DATABASE_ROLE)) if labels.get(SERVER_LABEL) else None
        yield from _losses_after_start(engine, prepare["Id"], server)


def _losses_after_start(engine: docker.DockerClient, prepare: str, server: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield the worker's image if it was removed, and the server if its data are gone. Nothing is lost before a run."""
    try:
        prepared = engine.api.inspect_container(prepare)
        try:
            engine.images.get(prepared["Config"]["Image"])
        except ImageNotFound:
            yield f"image {prepared['Config']['Image']} is missing"
        if server is None or _started(prepared).year == _UNUSED_YEAR:
            return
        name, state = server["Names"][0].removeprefix("/"), server["State"]
        if state != _RUNNING:
            yield f"container {name} is not running ({state})"
        inspected = engine.api.inspect_container(server["Id"])
    except NotFound as error:
        yield str(error.explanation)
        return
    if inspected["HostConfig"].get("Tmpfs") and _started(inspected) > _started(prepared):
        yield f"container {name} was restarted, and its data were in memory"


def _started(container: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(container["State"]["StartedAt"])


def _id_of(engine: docker.DockerClient) -> str:
    return str(engine.info().get("ID") or "")


def _forget(stack: str) -> str:
    return f"or if it no longer exists, forget the stack with `{loadtest_command('pulumi stack rm --force', stack)}`"
