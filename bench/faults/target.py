"""Targets of a trial's workers: a server, or a RAM disk for files."""

import io
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.faults import keys
from bench.faults.keys import Keys
from core.output.manifest import PARTIAL
from core.process import OUTPUT_FOLDER, WORKER_USER
from testkit.docker_command import docker
from testkit.serving import Served

_CHANGED = 1
"""The exit code of tar if a file grew while it was read, which happens when a worker is still loading."""

_TRIES = 5
"""Attempts to read the folder, because files may be renamed while tar reads it."""


class Target(Protocol):
    """A target, which outlives the workers that load into it."""

    @property
    def source(self) -> str:
        """The name of its source, as in `core.stores`."""
        ...

    @property
    def connection_string(self) -> str:
        """The connection string, with the password if there is one."""
        ...

    @property
    def options(self) -> Sequence[str]:
        """Options of `docker create` for a worker that must reach it."""
        ...

    def keys(self, tables: Sequence[str]) -> Keys:
        """Return the keys of all rows, read by a client other than the worker's."""
        ...


@dataclass(frozen=True)
class ServerTarget:
    """A server, which workers reach over its network."""

    source: str
    served: Served

    @property
    def connection_string(self) -> str:
        """The connection string with the password."""
        return self.served.connection_string

    @property
    def options(self) -> Sequence[str]:
        """The option for the server's network."""
        return (f"--network={self.served.container.name}",)

    def keys(self, tables: Sequence[str]) -> Keys:
        """Read the keys with the bare driver."""
        return keys.SERVERS[self.source](self.served.connection, tables)


@dataclass(frozen=True)
class FileTarget:
    """A RAM disk that a container keeps mounted, and through which its files are read."""

    source: str
    volume: str
    keeper: str
    connection_string: str = Path(OUTPUT_FOLDER).as_uri()

    @property
    def options(self) -> Sequence[str]:
        """The options for the RAM disk, without a network."""
        return ("--network=none", f"--volume={self.volume}:{OUTPUT_FOLDER}")

    def keys(self, tables: Sequence[str]) -> Keys:
        """Read the keys from the partial files while a run loads, else from the finished files."""
        # The files of the previous trial stay until those of the run are complete.
        script = f"cd {OUTPUT_FOLDER}; [ ! -d {PARTIAL} ] || cd {PARTIAL}; tar --create ."
        command = ["docker", "exec", self.keeper, "sh", "-c", script]
        for _ in range(_TRIES):
            done = subprocess.run(command, capture_output=True, check=False, timeout=120)
            if done.returncode in (0, _CHANGED):
                return keys.FILES[self.source](io.BytesIO(done.stdout), tables)
        raise RuntimeError(f"tar: {done.stderr.decode().strip()}")

    def files(self) -> Sequence[str]:
        """Return the paths of all files, finished or not."""
        return docker("exec", self.keeper, "find", OUTPUT_FOLDER, "-type", "f").split()


@contextmanager
def file_target(source: str, image: str, size: int) -> Iterator[FileTarget]:
    """Create a RAM disk of this many bytes, owned by the worker's user."""
    name = f"loadtest-files-{uuid.uuid4().hex[:12]}"
    owned = f"size={size},uid={WORKER_USER},gid={WORKER_USER},mode=0700"
    docker("volume", "create", "--opt=type=tmpfs", "--opt=device=tmpfs", f"--opt=o={owned}", name)
    try:
        docker(
            *("run", "--detach", f"--name={name}", "--network=none", f"--volume={name}:{OUTPUT_FOLDER}"),
            *("--entrypoint=sleep", image, "infinity"),
        )
        yield FileTarget(source, name, name)
    finally:
        subprocess.run(["docker", "rm", "--force", name], capture_output=True, check=False, timeout=60)
        docker("volume", "rm", name)
