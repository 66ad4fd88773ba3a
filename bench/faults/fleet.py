"""A run's containers, as `infra.platforms.docker.component` declares them, without an engine that keeps a state of them.

They are created and not started: the program's own fleet starts them, waits for them and starts them again.
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

from bench.faults.place import Place
from core.labels import STACK_LABEL
from core.plan import Limits, LoadPlan
from core.results import Progress
from infra.platforms.base import (
    CONNECTION_VARIABLE,
    DATA_FOLDER,
    OUTPUT_FOLDER,
    PLAN_FILE,
    PLAN_FOLDER,
    RESULTS_FOLDER,
    WORKER_USER,
    prepare_arguments,
    worker_arguments,
)
from infra.platforms.docker.runner import DockerHandles, DockerRunner, client
from testkit.serving import docker

_POLL_SECONDS = 0.05
_START_SECONDS = 120


@dataclass(frozen=True)
class Fleet:
    """Created containers of a plan's workers."""

    name: str
    plan: LoadPlan
    runner: DockerRunner
    client: DockerClient

    def container(self, worker: str) -> str:
        """A worker's container by its name."""
        return f"{self.name}-{worker}"

    def process(self, worker: str) -> int:
        """A worker's process on this machine, once its container runs; raises TimeoutError where it does not."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            state = self.client.api.inspect_container(self.container(worker))["State"]
            if state["Pid"]:
                return int(state["Pid"])
            time.sleep(_POLL_SECONDS)
        raise TimeoutError(f"{self.container(worker)} has not started within {_START_SECONDS} s")

    def kill(self, worker: str) -> bool:
        """`docker kill`, by the API that the command calls too; False where the worker has ended already."""
        try:
            self.client.api.kill(self.container(worker))
        except APIError:
            return False
        return True

    def progress(self, worker: str) -> Progress | None:
        """The last that a worker has told of itself."""
        done = subprocess.run(
            ["docker", "logs", self.container(worker)], capture_output=True, text=True, check=True, timeout=60
        )
        told = (_progress_of(line) for line in reversed(done.stdout.splitlines()))
        return next((progress for progress in told if progress is not None), None)


def _progress_of(line: str) -> Progress | None:
    try:
        return Progress.model_validate_json(line)
    except ValidationError:
        return None


@contextmanager
def fleet(plan: LoadPlan, place: Place, image: str) -> Iterator[Fleet]:
    """The containers, and in the end nothing of them."""
    name = f"loadtest-trial-{uuid.uuid4().hex[:12]}"
    volumes = {folder: f"{name}{folder.replace('/', '-')}" for folder in (PLAN_FOLDER, RESULTS_FOLDER)}
    for volume in volumes.values():
        docker("volume", "create", f"--label={STACK_LABEL}={name}", volume)
    made: list[str] = []
    try:

        def create(who: str, arguments: Sequence[str], limits: Limits | None, *, plan_is: str) -> str:
            made.append(f"{name}-{who}")
            mounts = [f"--volume={volumes[PLAN_FOLDER]}:{PLAN_FOLDER}:{plan_is}"]
            mounts += [f"--volume={volumes[RESULTS_FOLDER]}:{RESULTS_FOLDER}", *place.options]
            named = [f"--name={name}-{who}", f"--hostname={who}", f"--label={STACK_LABEL}={name}"]
            return _create([*named, *mounts, *_options(limits), image, *arguments], place.connection_string)

        # It is the workers whose memory may be short.
        prepare = create("prepare", prepare_arguments(PLAN_FILE), None, plan_is="rw")
        workers = {
            worker.id: create(worker.id, worker_arguments(PLAN_FILE, index), plan.limits, plan_is="ro")
            for index, worker in enumerate(plan.workers)
        }
        handles = DockerHandles(
            prepare=prepare, plan_file=PLAN_FILE, workers=workers, output_in_container=OUTPUT_FOLDER
        )
        yield Fleet(name, plan, DockerRunner(handles, plan), client())
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
    """The id of a container that has the connection string from our environment, not from the command line."""
    environment: Mapping[str, str] = {**os.environ, CONNECTION_VARIABLE: connection_string}
    command = ["docker", "create", f"--env={CONNECTION_VARIABLE}", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(f"docker create: {done.stderr.strip()}")
    return done.stdout.strip()
