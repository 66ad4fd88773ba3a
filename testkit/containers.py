"""Containers for the tests of images, on a private network; removed with their volumes when the test ends."""

import subprocess
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from testkit import images, session
from testkit.docker_command import docker, run_docker
from testkit.requires import requires


@dataclass(frozen=True)
class Run:
    """Options for starting a container. `tmpfs` maps paths of RAM disks to their options."""

    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    arguments: Sequence[str] = ()
    tmpfs: Mapping[str, str] = field(default_factory=dict[str, str])
    memory: str = "1g"


@dataclass(frozen=True)
class Container:
    """A running container."""

    name: str

    def execute(self, *command: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command in the container as the image's user, with additional environment variables."""
        variables = [f"--env={key}={value}" for key, value in (environment or {}).items()]
        return run_docker("exec", *variables, self.name, *command)

    def output(self, *command: str, environment: Mapping[str, str] | None = None) -> str:
        """Return the output of a command in the container; fail the test if the command fails."""
        done = self.execute(*command, environment=environment)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def log(self) -> str:
        """Return the output of the container so far."""
        done = run_docker("logs", self.name)
        return done.stdout + done.stderr

    def wait_until_ready(
        self, probe: Sequence[str], *, environment: Mapping[str, str] | None = None, seconds: int = 300
    ) -> None:
        """Wait until a probe in the container succeeds; fail the test with the server's log if it takes too long."""
        deadline = time.monotonic() + seconds
        while (done := self.execute(*probe, environment=environment)).returncode != 0:
            if not self._runs() or time.monotonic() > deadline:
                raise AssertionError(f"{probe[0]} failed: {done.stderr or done.stdout}; log:\n{self.log()[-4000:]}")
            time.sleep(1)

    def wait_until_ended(self, seconds: int = 30) -> int:
        """Wait until the container ends by itself, and return its exit code; fail the test if it takes too long."""
        deadline = time.monotonic() + seconds
        while self._runs():
            assert time.monotonic() < deadline, f"it still runs; log:\n{self.log()[-4000:]}"
            time.sleep(0.1)
        return self._exit_code()

    def stop(self) -> int:
        """Stop the container with 30 s of grace, and return its exit code."""
        docker("stop", "--time=30", self.name)
        return self._exit_code()

    def server_uid(self) -> int:
        """Return the user id of the container's first process."""
        status = self.output("cat", "/proc/1/status")
        line = next(line for line in status.splitlines() if line.startswith("Uid:"))
        return int(line.split()[1])

    def file_system(self, path: str) -> str:
        """Return the type of the file system that holds a path in the container, such as `tmpfs`."""
        return self.output("stat", "--file-system", "--format=%T", path)

    def _runs(self) -> bool:
        return run_docker("inspect", "--format={{.State.Running}}", self.name).stdout.strip() == "true"

    def _exit_code(self) -> int:
        return int(run_docker("inspect", "--format={{.State.ExitCode}}", self.name).stdout)


def require_image(image: str) -> None:
    """Skip the test (fail it in CI) if the engine lacks the image."""
    requires(images.is_present(image), "docker", f"the image {image} is not on the Docker engine")


@contextmanager
def running(image: str, run: Run) -> Generator[Container]:
    """Run a container of an image on an internal network of its own."""
    require_image(image)
    name = session.unique("loadtest-image")
    options = [f"--env={key}={value}" for key, value in run.environment.items()]
    options += [f"--tmpfs={path}:{how}" for path, how in run.tmpfs.items()]
    options += [f"--memory={run.memory}", f"--network={name}", f"--name={name}"]
    docker("network", "create", "--internal", name)
    try:
        docker("run", "--detach", *options, image, *run.arguments)
        yield Container(name)
    finally:
        run_docker("rm", "--force", "--volumes", name)
        docker("network", "rm", name)
