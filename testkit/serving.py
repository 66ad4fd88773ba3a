"""Servers configured as on the Docker platform, from their DatabaseSpec and the project's own images."""

import random
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from core.connection import Connection, parse_connection
from core.stores import SOURCES
from core.units import MIB
from infra.databases import adapted_to, specification_of
from infra.databases.spec import DatabaseSpec
from testkit import session
from testkit.containers import Container, require_image
from testkit.docker_command import docker
from testkit.images import image

PASSWORD = "a-password-of-the-tests"
_JAVA = ("neo4j", "kafka")
_QUICK = {"JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1"}
_CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID")


@dataclass(frozen=True)
class Served:
    """A running server that responds to queries."""

    specification: DatabaseSpec
    container: Container
    connection_string: str
    connection: Connection

    def kill(self) -> None:
        """Kill the server, as a crash would."""
        docker("kill", self.container.name)

    def start(self) -> None:
        """Start the server again and wait until it responds. Data in a RAM disk are lost, other data are kept."""
        docker("start", self.container.name)
        self.container.wait_until_ready(self.specification.health_command)

    @contextmanager
    def without_network(self) -> Iterator[None]:
        """Disconnect the server from its network, and connect it again at the same address in the end."""
        name, address = self.container.name, self.connection.host
        docker("network", "disconnect", name, name)
        try:
            yield
        finally:
            docker("network", "connect", f"--ip={address}", name, name)

    def cut_network(self, seconds: float) -> None:
        """Disconnect the server from its network for some seconds."""
        with self.without_network():
            time.sleep(seconds)


@contextmanager
def serving(
    source: str,
    memory: int = 1024 * MIB,
    tmpfs: int | None = 400 * MIB,
    arguments: Sequence[str] = (),
    password: str = PASSWORD,
    measured: bool = False,
) -> Iterator[Served]:
    """Start a server and wait until its health check succeeds; `arguments` override its own.

    Unless its speed is `measured`, a Java server uses the quick compiler, which reduces the work of a start by a third.
    """
    server_image = image(source)
    require_image(server_image)
    adapted = adapted_to(source, specification_of(source, server_image, cpu=2, memory=memory, tmpfs=tmpfs), password)
    quick = _QUICK if source in _JAVA and not measured else {}
    environment = {**adapted.environment, **quick}
    specification = adapted.model_copy(
        update={"arguments": (*adapted.arguments, *arguments), "environment": environment}
    )
    # Kafka advertises an address to its clients: it must be reachable from this machine and be chosen in advance.
    address = f"10.{random.randrange(100, 250)}.{random.randrange(250)}."
    name = session.unique("loadtest-served")
    docker("network", "create", "--internal", f"--subnet={address}0/24", name)
    try:
        _start(name, specification, f"{address}10", password)
        container = Container(name)
        container.wait_until_ready(specification.health_command)
        url = specification.connection_string(password, f"{address}10")
        yield Served(specification, container, url, parse_connection(url, SOURCES[source]))
    finally:
        subprocess.run(["docker", "rm", "--force", "--volumes", name], capture_output=True, check=False, timeout=60)
        docker("network", "rm", name)


_SHARED = ExitStack()
_RUNNING: dict[str, Served] = {}


def shared(source: str) -> Served:
    """Return this process's server of a source, for tests that neither stop nor configure it.

    It starts on first use and runs until the session ends: a start takes up to half a minute of CPU.
    """
    if source not in _RUNNING:
        _RUNNING[source] = _SHARED.enter_context(serving(source))
    return _RUNNING[source]


def end_shared() -> None:
    """Stop the shared servers of this process."""
    _RUNNING.clear()
    _SHARED.close()


def _start(name: str, specification: DatabaseSpec, host: str, password: str) -> None:
    environment = {
        **specification.environment_at(host),
        **specification.secrets(password),
    }
    options = [f"--env={key}={value}" for key, value in environment.items()]
    options += [f"--memory={specification.memory}", f"--memory-swap={specification.memory}"]
    options += ["--cap-drop=ALL", *(f"--cap-add={capability}" for capability in _CAPABILITIES)]
    options += ["--security-opt=no-new-privileges:true", f"--network={name}", f"--ip={host}", f"--name={name}"]
    if specification.tmpfs:
        how = ",".join(part for part in (f"size={specification.tmpfs}", specification.tmpfs_options) if part)
        options.append(f"--tmpfs={specification.data_directory}:{how}")
    docker("run", "--detach", *options, specification.image, *specification.arguments)
