"""Servers as the Docker platform starts them, from their DatabaseSpec and the project's own images."""

import random
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from contrib.offline.images import catalogue
from contrib.offline.images.recipe import Recipe, tag
from core.connection import Connection, parse_connection
from core.stores import SOURCES
from core.units import MIB
from infra.databases import adapted_to, specification_of
from infra.databases.spec import DatabaseSpec
from testkit import session
from testkit.containers import Container, require_image

PASSWORD = "a-password-of-the-tests"
RECIPES = {
    "mysql": catalogue.MYSQL,
    "postgresql": catalogue.POSTGRES,
    "mongodb": catalogue.FERRETDB,
    "neo4j": catalogue.NEO4J,
    "kafka": catalogue.KAFKA,
}
_JAVA = ("neo4j", "kafka")
_QUICK = {"JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1"}
_CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID")


@dataclass(frozen=True)
class Served:
    """A server that answers queries."""

    specification: DatabaseSpec
    container: Container
    connection_string: str
    connection: Connection

    def kill(self) -> None:
        """End the server at once, as a crash would."""
        docker("kill", self.container.name)

    def start(self) -> None:
        """Start the server again, with the data that it had unless they were in a RAM disk; waits until it answers."""
        docker("start", self.container.name)
        self.container.wait_until_ready(self.specification.health_command)

    @contextmanager
    def without_network(self) -> Iterator[None]:
        """Take the server off its network and give it back in the end, at the same address."""
        name, address = self.container.name, self.connection.host
        docker("network", "disconnect", name, name)
        try:
            yield
        finally:
            docker("network", "connect", f"--ip={address}", name, name)

    def cut_network(self, seconds: float) -> None:
        """Take the server off its network for a while."""
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
    """A server of ours, once its own health check says that it answers; `arguments` come behind its own, and win.

    Unless its speed is `measured`, a Java server compiles quickly rather than well: it starts with two thirds of the work.
    """
    recipe = RECIPES[source]
    require_image(recipe)
    ours = adapted_to(source, specification_of(source, tag(recipe), cpu=2, memory=memory, tmpfs=tmpfs), password)
    quick = _QUICK if source in _JAVA and not measured else {}
    environment = {**ours.environment, **quick}
    specification = ours.model_copy(update={"arguments": (*ours.arguments, *arguments), "environment": environment})
    # Kafka tells its clients an address: it has to be one that this machine reaches, and known before.
    address = f"10.{random.randrange(100, 250)}.{random.randrange(250)}."
    name = session.unique("loadtest-served")
    docker("network", "create", "--internal", f"--subnet={address}0/24", name)
    try:
        _start(name, recipe, specification, f"{address}10", password)
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
    """Return this process's server of a source, for tests that neither end nor configure it.

    It is started on first use and lives until the session ends: a server takes up to half a minute of a core to start.
    """
    if source not in _RUNNING:
        _RUNNING[source] = _SHARED.enter_context(serving(source))
    return _RUNNING[source]


def end_shared() -> None:
    """End the servers of this process that tests shared."""
    _RUNNING.clear()
    _SHARED.close()


def _start(name: str, recipe: Recipe, specification: DatabaseSpec, host: str, password: str) -> None:
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
    docker("run", "--detach", *options, tag(recipe), *specification.arguments)


def docker(*arguments: str) -> str:
    """What a docker command prints; fails the test where it fails."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, f"docker {arguments[0]}: {done.stderr}"
    return done.stdout
