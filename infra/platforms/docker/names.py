"""The names that a stack's things have on a Docker engine, and what exists there under one of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import docker
from docker.errors import DockerException

from core.errors import RunError
from core.text import one_line
from infra.ownership import Existing, require_own


@dataclass(frozen=True, slots=True)
class DockerNames:
    """Fixed names, so that people find things. One engine serves several checkouts and backends."""

    stack: str
    roles: Sequence[str]
    """Of the containers: `database`, `prepare`, `worker-1` and so on."""

    @property
    def prefix(self) -> str:
        """What every name begins with; it is the network's name."""
        return f"loadtest-{self.stack}"

    @property
    def plan_volume(self) -> str:
        """The volume of the plan."""
        return f"{self.prefix}-plan"

    @property
    def results_volume(self) -> str:
        """The volume of results and files."""
        return f"{self.prefix}-results"

    def container(self, role: str) -> str:
        """The container of a role."""
        return f"{self.prefix}-{role}"


def require_own_names(engine: docker.DockerClient, names: DockerNames, instance: str) -> None:
    """Raise SettingsError, in one line, where something that is not this instance's has one of the names."""
    try:
        existing = list(_existing(engine, names))
    except DockerException as error:
        raise RunError(f"Docker: {one_line(error, 200)}") from None
    remedy = "use another stack name, destroy that stack, or see what was left with `make sweep`"
    require_own(names.stack, existing, instance, remedy)


def _existing(engine: docker.DockerClient, names: DockerNames) -> Iterator[Existing]:
    """Yield what has one of the names. The engine's own filters match parts of names."""
    for network in engine.api.networks(names=[names.prefix]):
        if network["Name"] == names.prefix:
            yield Existing("network", network["Name"], network.get("Labels") or {})
    volumes = {names.plan_volume, names.results_volume}
    for volume in engine.api.volumes(filters={"name": names.prefix})["Volumes"] or ():
        if volume["Name"] in volumes:
            yield Existing("volume", volume["Name"], volume.get("Labels") or {})
    containers = {names.container(role) for role in names.roles}
    for container in engine.api.containers(all=True, filters={"name": names.prefix}):
        for name in containers.intersection(name.removeprefix("/") for name in container["Names"]):
            yield Existing("container", name, container.get("Labels") or {})
