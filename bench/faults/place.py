"""Where the workers of a trial load: a server of ours, or a RAM disk for files."""

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
from infra.platforms.base import OUTPUT_FOLDER, WORKER_USER
from testkit.serving import Served, docker

_CHANGED = 1
"""What tar returns where a file grew as it was read: that of a worker which goes on loading."""

_TRIES = 5
"""Files may be moved to their places while tar reads the folder."""


class Place(Protocol):
    """It outlives the workers that load into it."""

    @property
    def source(self) -> str:
        """Its name, as in `core.stores`."""
        ...

    @property
    def connection_string(self) -> str:
        """With the password, where there is one."""
        ...

    @property
    def options(self) -> Sequence[str]:
        """Of `docker create`, for a worker that is to reach it."""
        ...

    def keys(self, tables: Sequence[str]) -> Keys:
        """The keys of all rows that are there, seen by another client than the worker's."""
        ...


@dataclass(frozen=True)
class ServerPlace:
    """A server, which workers reach over its network."""

    source: str
    served: Served

    @property
    def connection_string(self) -> str:
        """With the password."""
        return self.served.connection_string

    @property
    def options(self) -> Sequence[str]:
        """The server's network."""
        return (f"--network={self.served.container.name}",)

    def keys(self, tables: Sequence[str]) -> Keys:
        """By the bare driver."""
        return keys.SERVERS[self.source](self.served.connection, tables)


@dataclass(frozen=True)
class FilePlace:
    """A RAM disk that a container keeps mounted, and through which its files are seen."""

    source: str
    volume: str
    keeper: str
    connection_string: str = Path(OUTPUT_FOLDER).as_uri()

    @property
    def options(self) -> Sequence[str]:
        """The RAM disk, and no network."""
        return ("--network=none", f"--volume={self.volume}:{OUTPUT_FOLDER}")

    def keys(self, tables: Sequence[str]) -> Keys:
        """Read the files with a plain reader: while a run loads its partial ones, else those in their places."""
        # The files of the trial before stay until the run's own are complete.
        script = f"cd {OUTPUT_FOLDER}; [ ! -d {PARTIAL} ] || cd {PARTIAL}; tar --create ."
        command = ["docker", "exec", self.keeper, "sh", "-c", script]
        for _ in range(_TRIES):
            done = subprocess.run(command, capture_output=True, check=False, timeout=120)
            if done.returncode in (0, _CHANGED):
                return keys.FILES[self.source](io.BytesIO(done.stdout), tables)
        raise RuntimeError(f"tar: {done.stderr.decode().strip()}")

    def files(self) -> Sequence[str]:
        """The paths of all files, finished or not."""
        return docker("exec", self.keeper, "find", OUTPUT_FOLDER, "-type", "f").split()


@contextmanager
def file_place(source: str, image: str, size: int) -> Iterator[FilePlace]:
    """A RAM disk of so many bytes, which belongs to the worker's user."""
    name = f"loadtest-files-{uuid.uuid4().hex[:12]}"
    owned = f"size={size},uid={WORKER_USER},gid={WORKER_USER},mode=0700"
    docker("volume", "create", "--opt=type=tmpfs", "--opt=device=tmpfs", f"--opt=o={owned}", name)
    try:
        docker(
            *("run", "--detach", f"--name={name}", "--network=none", f"--volume={name}:{OUTPUT_FOLDER}"),
            *("--entrypoint=sleep", image, "infinity"),
        )
        yield FilePlace(source, name, name)
    finally:
        subprocess.run(["docker", "rm", "--force", name], capture_output=True, check=False, timeout=60)
        docker("volume", "rm", name)
