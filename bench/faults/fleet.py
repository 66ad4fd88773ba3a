"""Create a run's containers as `infra.platforms.docker.component` declares them, without a Pulumi engine.

They are only created. The product's own fleet starts them, waits for them and restarts them.
"""

import os
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from docker import DockerClient
from docker.errors import APIError
from pydantic import ValidationError

from bench.faults.target import Target
from core.labels import STACK_LABEL
from core.plan import Limits, LoadPlan
from core.process import (
    CONNECTION_VARIABLE,
    DATA_FOLDER,
    OUTPUT_FOLDER,
    PLAN_FILE,
    PLAN_FOLDER,
    RESULTS_FOLDER,
    START_FILE,
    START_VARIABLE,
    WORKER_USER,
    prepare_arguments,
    worker_arguments,
)
from core.results import Progress
from infra.platforms.docker.client import connect
from infra.platforms.docker.runner import DockerHandles, DockerRunner
from testkit.docker_command import docker

_POLL_SECONDS = 0.05
_START_SECONDS = 120


@dataclass(frozen=True)
class Fleet:
    """The created containers of a plan's workers."""

    name: str
    plan: LoadPlan
    runner: DockerRunner
    client: DockerClient

    def container(self, worker: str) -> str:
        """Return the name of a worker's container."""
        return f"{self.name}-{worker}"

    def process(self, worker: str) -> int:
        """Return a worker's process id on this machine once its container runs; raise TimeoutError if it does not start."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            state = self.client.api.inspect_container(self.container(worker))["State"]
            if state["Pid"]:
                return int(state["Pid"])
            time.sleep(_POLL_SECONDS)
        raise TimeoutError(f"{self.container(worker)} has not started within {_START_SECONDS} s")

    def kill(self, worker: str) -> bool:
        """Kill a worker through the Docker API. Return False if it has already ended."""
        try:
            self.client.api.kill(self.container(worker))
        except APIError:
            return False
        return True

    def progress(self, worker: str) -> Progress | None:
        """Return the last progress line of a worker."""
        done = subprocess.run(
            ["docker", "logs", self.container(worker)], capture_output=True, text=True, check=True, timeout=60
        )
        found = (_progress_of(line) for line in reversed(done.stdout.splitlines()))
        return next((progress for progress in found if progress is not None), None)


def _progress_of(line: str) -> Progress | None:
    try:
        return Progress.model_validate_json(line)
    except ValidationError:
        return None


@contextmanager
def fleet(plan: LoadPlan, target: Target, image: str) -> Iterator[Fleet]:
    """Create the containers, and remove them in the end."""
    name = f"loadtest-trial-{uuid.uuid4().hex[:12]}"
    volumes = {folder: f"{name}{folder.replace('/', '-')}" for folder in (PLAN_FOLDER, RESULTS_FOLDER)}
    for volume in volumes.values():
        docker("volume", "create", f"--label={STACK_LABEL}={name}", volume)
    made: list[str] = []
    try:

        def create(who: str, arguments: Sequence[str], limits: Limits | None, *, plan_is: str) -> str:
            made.append(f"{name}-{who}")
            mounts = [f"--volume={volumes[PLAN_FOLDER]}:{PLAN_FOLDER}:{plan_is}"]
            mounts += [f"--volume={volumes[RESULTS_FOLDER]}:{RESULTS_FOLDER}", *target.options]
            mounts += [f"--env={START_VARIABLE}={START_FILE}"] if plan_is == "ro" else []
            named = [f"--name={name}-{who}", f"--hostname={who}", f"--label={STACK_LABEL}={name}"]
            return _create([*named, *mounts, *_options(limits), image, *arguments], target.connection_string)

        # Only the workers' memory is limited.
        prepare = create("prepare", prepare_arguments(PLAN_FILE), None, plan_is="rw")
        workers = {
            worker.id: create(worker.id, worker_arguments(PLAN_FILE, index), plan.limits, plan_is="ro")
            for index, worker in enumerate(plan.workers)
        }
        handles = DockerHandles(
            prepare=prepare, plan_file=PLAN_FILE, workers=workers, output_in_container=OUTPUT_FOLDER
        )
        yield Fleet(name, plan, DockerRunner(handles, plan), connect())
    finally:
        subprocess.run(["docker", "rm", "--force", *made], capture_output=True, check=False, timeout=120)
        docker("volume", "rm", *volumes.values())


def _options(limits: Limits | None) -> Sequence[str]:
    user = f"{WORKER_USER}:{WORKER_USER}"
    safe = (f"--user={user}", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges:true")
    if limits is None:
        return safe
    cores = (f"--cpus={limits.cpu}", f"--memory={limits.memory}", f"--memory-swap={limits.memory}")
    if limits.tmpfs is None:
        return (*safe, *cores)
    return (*safe, *cores, f"--tmpfs={DATA_FOLDER}:size={limits.tmpfs},uid={WORKER_USER},gid={WORKER_USER},mode=0700")


def _create(arguments: Sequence[str], connection_string: str) -> str:
    """Create a container and return its id. The connection string is passed in the environment, not in an argument."""
    environment: Mapping[str, str] = {**os.environ, CONNECTION_VARIABLE: connection_string}
    command = ["docker", "create", f"--env={CONNECTION_VARIABLE}", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(f"docker create: {done.stderr.strip()}")
    return done.stdout.strip()
