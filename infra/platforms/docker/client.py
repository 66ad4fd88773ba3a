"""Docker's own client: connect, translate its errors, and check images and names before anything is created."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import DockerException, ImageNotFound
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

from core.docker_address import DockerAddress, docker_address
from core.errors import RunError, SettingsError
from core.process import loadtest_command
from core.settings_key import setting_key
from core.text import listed, one_line
from infra.ownership import Existing, require_own

DRIVER_ERRORS = (DockerException, RequestException, HTTPError)
"""What Docker's client raises: its own errors, and those of the HTTP libraries below it."""
_SECONDS = 60


class NoEngineError(RunError):
    """No Docker engine answers."""


@contextmanager
def wrap_docker_errors() -> Iterator[None]:
    """Raise RunError, with a message of one line, in place of the client's errors."""
    try:
        yield
    except DRIVER_ERRORS as error:
        raise RunError(f"Docker: {message_of(error)}") from error


def message_of(error: Exception) -> str:
    """Return the engine's message, or the error's, in one line."""
    return one_line(getattr(error, "explanation", None) or error, 300)


def connect(stack: str = "", project: Path | None = None) -> docker.DockerClient:
    """Return a client of a stack's engine; the project is by default the working folder. Raises NoEngineError."""
    address = docker_address(project or Path.cwd(), stack)
    try:
        client = client_of(address, _SECONDS)
        client.ping()
    except DRIVER_ERRORS as error:
        named = f" at {address.host}, named by {address.named_by}" if address.named_by else ""
        raise NoEngineError(
            f"{setting_key('platform')}: docker, and no Docker engine answers{named} ({message_of(error)}); "
            f"{address.remedy()}, or set {setting_key('platform')} to local"
        ) from None
    return client


def client_of(address: DockerAddress, timeout_seconds: int) -> docker.DockerClient:
    """Return a client of the engine at this address; its first request is for the API's version."""
    return docker.from_env(timeout=timeout_seconds, **address.options())


def require_image(engine: docker.DockerClient, key: str, image: str, port: int | None = None) -> None:
    """Raise SettingsError for an image that is neither on the engine nor in its registry, or that exposes other ports."""
    with wrap_docker_errors():
        try:
            found = engine.images.get(image)
        except ImageNotFound:
            pass
        else:
            exposed = (found.attrs.get("Config") or {}).get("ExposedPorts") or {}
            if port is not None and exposed and f"{port}/tcp" not in exposed:
                problem = f"is not an image of this server: it exposes {listed(exposed)} and not {port}/tcp"
                raise SettingsError.of(key, image, problem, "name an image of the source's server")
            return
    try:
        engine.images.get_registry_data(image)
    except DRIVER_ERRORS as error:
        raise SettingsError(
            f"{key}: {image!r} is not on this engine and cannot be pulled ({message_of(error)}); "
            "name an image that can, or build it first"
        ) from None


@dataclass(frozen=True, slots=True)
class DockerNames:
    """The fixed names of a stack's containers, network and volumes. Several checkouts may share an engine."""

    stack: str
    roles: Sequence[str]
    """The roles of its containers: `database`, `prepare`, `worker-1` and so on."""

    @property
    def prefix(self) -> str:
        """The common prefix, and the name of the network."""
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
        """Return the name of the container with this role."""
        return f"{self.prefix}-{role}"


def require_own_names(engine: docker.DockerClient, names: DockerNames, instances: Collection[str]) -> None:
    """Raise SettingsError if a resource with one of the names belongs to none of these instances."""
    with wrap_docker_errors():
        existing = list(_existing(engine, names))
    remedy = (
        "use another stack name, destroy that stack, or list orphaned resources with "
        f"`{loadtest_command('cleanup', names.stack)}`"
    )
    others = [each for each in existing if not any(each.is_own(instance) for instance in instances)]
    require_own(names.stack, others, "", remedy)


def existing_volumes(engine: docker.DockerClient, names: DockerNames) -> Iterator[Existing]:
    """Yield the volumes with the stack's names."""
    volumes = {names.plan_volume, names.results_volume}
    for volume in engine.api.volumes(filters={"name": names.prefix})["Volumes"] or ():
        if volume["Name"] in volumes:
            yield Existing("volume", volume["Name"], volume.get("Labels") or {})


def _existing(engine: docker.DockerClient, names: DockerNames) -> Iterator[Existing]:
    # The engine's own filters match parts of names.
    for network in engine.api.networks(names=[names.prefix]):
        if network["Name"] == names.prefix:
            yield Existing("network", network["Name"], network.get("Labels") or {})
    yield from existing_volumes(engine, names)
    containers = {names.container(role) for role in names.roles}
    for container in engine.api.containers(all=True, filters={"name": names.prefix}):
        for name in containers.intersection(name.removeprefix("/") for name in container["Names"]):
            yield Existing("container", name, container.get("Labels") or {})
