"""Containers for the tests of images: on a private network, gone with their volumes when the test ends."""

import shutil
import subprocess
import time
import uuid
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.requires import requires
from tools.images import engine
from tools.images.recipe import Recipe, tag


@dataclass(frozen=True)
class Run:
    """How a container is started: its environment, the arguments of its server, and its RAM disks (path: options)."""

    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    arguments: Sequence[str] = ()
    tmpfs: Mapping[str, str] = field(default_factory=dict[str, str])
    memory: str = "1g"


@dataclass(frozen=True)
class Container:
    """A running container."""

    name: str

    def execute(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Runs a command inside it, as its image's user."""
        return _docker("exec", self.name, *command)

    def output(self, *command: str) -> str:
        """What a command inside it prints. Fails the test, with what it says, when it fails."""
        done = self.execute(*command)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def wait_until_ready(self, probe: Sequence[str], seconds: int = 120) -> None:
        """Waits until a probe inside it succeeds; fails the test, with the server's log, when it does not in time."""
        deadline = time.monotonic() + seconds
        while (done := self.execute(*probe)).returncode != 0:
            state = _docker("inspect", "--format", "{{.State.Running}}", self.name).stdout.strip()
            if state != "true" or time.monotonic() > deadline:
                log = _docker("logs", "--tail", "30", self.name)
                raise AssertionError(f"{probe[0]} says {done.stderr or done.stdout}; log:\n{log.stdout}{log.stderr}")
            time.sleep(0.5)

    def server_uid(self) -> int:
        """The user that its first process runs as."""
        status = self.output("cat", "/proc/1/status")
        line = next(line for line in status.splitlines() if line.startswith("Uid:"))
        return int(line.split()[1])


def require_image(recipe: Recipe) -> None:
    """Skips the test (fails it in CI) where an engine with the image's present content is not to be had."""
    requires(shutil.which("docker") is not None, "docker")
    requires(
        engine.content_of(tag(recipe)) == recipe.content(), f"{tag(recipe)} (python -m tools.images {recipe.name})"
    )


@contextmanager
def running(recipe: Recipe, run: Run) -> Generator[Container]:
    """A container of an image, on a network of its own that leads nowhere."""
    require_image(recipe)
    name = f"loadtest-image-{uuid.uuid4().hex[:12]}"
    options = [f"--env={key}={value}" for key, value in run.environment.items()]
    options += [f"--tmpfs={path}:{how}" for path, how in run.tmpfs.items()]
    options += [f"--memory={run.memory}", f"--network={name}", f"--name={name}"]
    _checked("network", "create", "--internal", name)
    try:
        _checked("run", "--detach", *options, tag(recipe), *run.arguments)
        yield Container(name)
    finally:
        _docker("rm", "--force", "--volumes", name)
        _checked("network", "rm", name)


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False, timeout=300)


def _checked(*arguments: str) -> None:
    done = _docker(*arguments)
    assert done.returncode == 0, f"docker {arguments[0]}: {done.stderr}"
