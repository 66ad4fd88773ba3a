"""The Docker runner: containers that the program declared are started, awaited and heard through Docker's own client."""

import io
import tarfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import wraps
from pathlib import Path, PurePosixPath
from typing import Any, ParamSpec, TypeVar, cast

import docker
from docker.errors import APIError, DockerException, NotFound
from docker.models.containers import Container
from pydantic import BaseModel, ConfigDict
from requests.exceptions import RequestException

from core.errors import RunError
from core.output.folder import storage_errors
from core.output.manifest import Run
from core.output.writer import OutputWriter
from core.plan import LoadPlan, OnExisting
from core.results import ExitReason
from core.stores import capabilities_of
from core.text import one_line
from infra.fleet.deadline import Deadline
from infra.fleet.runner import ProcessExit
from infra.platforms.docker.copy_output import copy_output
from infra.settings.output_dir import resolved

_STOP_GRACE_SECONDS = 10
_COPY_BYTES = 1 << 18
"""Of a chunk of the files that are copied out of a container."""
_POLL_SECONDS = 0.1
_CONFLICT = 409
_LOG_LINES = 400
"""Enough for a result and the progress before it; more would be the log of a run of days."""
_NEVER = "0001-01-01"
_KILLED = 137
_NEVER_STARTED_CODES = (125, 126, 127)


class DockerHandles(BaseModel):
    """The containers of a fleet by their ids, and where their files are to be brought, if anywhere."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prepare: str
    plan_file: str
    """Where the plan is to be, in a volume that the prepare container may write to and the workers may read."""
    workers: dict[str, str]
    """Worker id to container id."""
    output_in_container: str
    output_dir: str = ""
    """As the setting has it."""
    stack: str = ""


def runner_of(handles: Mapping[str, Any], plan: LoadPlan, _secrets: Mapping[str, str]) -> "DockerRunner":
    """The runner of a fleet of declared containers, which have their plan and their secrets already."""
    return DockerRunner(DockerHandles.model_validate(handles), plan)


P = ParamSpec("P")
R = TypeVar("R")


def _named(method: Callable[P, R]) -> Callable[P, R]:
    """Turn the engine's errors into ours: they reach the user as one line."""

    @wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except (DockerException, RequestException) as error:
            said = one_line(getattr(error, "explanation", None) or error, 300)
            raise RunError(f"Docker: {said}") from error

    return call


class DockerRunner:
    """Runs a fleet of declared containers."""

    def __init__(self, fleet: DockerHandles, plan: LoadPlan) -> None:
        self._fleet = fleet
        self._plan = plan
        self._client = client()
        self._start_errors: dict[str, str] = {}

    @_named
    def prepare(self, timeout_seconds: float, wanted: Callable[[], bool]) -> ProcessExit:
        """Lay the plan out, start the container and wait for its end; one that does not end in time is killed."""
        if (folder := self._output) is not None:
            with storage_errors(folder.path):
                folder.require_replaceable(self._run, self._plan.tables, self._plan.on_existing)
        container = self._container(self._fleet.prepare)
        plan_file = PurePosixPath(self._fleet.plan_file)
        container.put_archive(str(plan_file.parent), _archive(plan_file.name, self._plan_text()))
        container.start()
        deadline = Deadline(timeout_seconds, wanted)
        while self._running([container.id or ""]):
            if (ended := deadline.expired()) is not None:
                _kill(container)
                return ended
            time.sleep(_POLL_SECONDS)
        return _ended(self._client, self._container(self._fleet.prepare))

    def start(self) -> None:
        """Start all at once, as far as the engine can; one that cannot start is told of in the end."""
        with ThreadPoolExecutor(max_workers=min(len(self._fleet.workers), 32)) as pool:
            list(pool.map(self._start, self._fleet.workers.items()))

    @_named
    def restart(self, worker: str) -> None:
        """The same container once more, with the volumes that it had."""
        self._container(self._fleet.workers[worker]).start()

    @_named
    def running(self) -> frozenset[str]:
        """By one question for all containers."""
        ids = self._running(self._fleet.workers.values())
        return frozenset(worker for worker, container in self._fleet.workers.items() if container in ids)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL after a grace."""
        with ThreadPoolExecutor(max_workers=min(len(self._fleet.workers), 32)) as pool:
            list(pool.map(self._stop, self.running()))

    @_named
    def exits(self) -> Mapping[str, ProcessExit]:
        """Each container's exit code, its log, and whether the kernel killed it for memory."""
        ended: dict[str, ProcessExit] = {}
        for worker, container_id in self._fleet.workers.items():
            if worker in self._start_errors:
                ended[worker] = ProcessExit(None, "", ExitReason.NEVER_STARTED, self._start_errors[worker])
                continue
            try:
                ended[worker] = _ended(self._client, self._container(container_id))
            except NotFound:
                ended[worker] = ProcessExit(None, "", ExitReason.KILLED, "its container is gone")
        return ended

    @_named
    def finish(self) -> Sequence[str]:
        """Copy the files of a complete run out of the volume, if a folder for them was named."""
        folder, inside = self._output, PurePosixPath(self._fleet.output_in_container)
        if folder is None:
            return ()
        any_worker = self._container(next(iter(self._fleet.workers.values())))

        def read(path: PurePosixPath) -> Iterable[bytes] | None:
            try:
                chunks, _ = any_worker.get_archive(str(path), chunk_size=_COPY_BYTES)
            except NotFound:
                return None
            return cast("Iterable[bytes]", chunks)

        copied = copy_output(read, inside, folder, self._run, self._plan.on_existing)
        return () if copied else (folder.incomplete_warning(),)

    @property
    def _run(self) -> Run:
        return Run.of(self._plan, self._fleet.stack)

    @property
    def _output(self) -> OutputWriter | None:
        """The folder that files are copied to, for a source that is files."""
        kept = bool(self._fleet.output_dir) and not capabilities_of(self._plan.source).needs_server
        # The engine runs this in the project's folder, whose path is not to be in the state.
        return OutputWriter(resolved(self._fleet.output_dir, Path.cwd())) if kept else None

    def _plan_text(self) -> bytes:
        """The plan for the containers; their volume is new, and the folder that was named is looked at here."""
        changed = {} if self._output is None else {"on_existing": OnExisting.EMPTY}
        return self._plan.model_copy(update=changed).model_dump_json().encode()

    def _start(self, worker: tuple[str, str]) -> None:
        name, container_id = worker
        try:
            self._container(container_id).start()
        except DockerException as error:
            self._start_errors[name] = one_line(error)

    def _stop(self, worker: str) -> None:
        try:
            self._container(self._fleet.workers[worker]).stop(timeout=_STOP_GRACE_SECONDS)
        except NotFound:
            return

    def _running(self, ids: Iterable[str]) -> frozenset[str]:
        wanted = set(ids)
        listed = self._client.api.containers(filters={"status": "running"})
        return frozenset(entry["Id"] for entry in listed if entry["Id"] in wanted)

    def _container(self, container_id: str) -> Container:
        return self._client.containers.get(container_id)


def client() -> docker.DockerClient:
    """A client of the engine that the environment names; raises RunError in one line where none answers."""
    try:
        found = docker.from_env(timeout=60)
        found.ping()
    except DockerException as error:
        raise RunError(
            f"loadtest:platform: docker, and no Docker engine answers ({one_line(error, 200)}); "
            "start Docker, set DOCKER_HOST, or set loadtest:platform to local"
        ) from None
    return found


def _kill(container: Container) -> None:
    """SIGKILL, unless it has just ended by itself."""
    try:
        container.kill()
    except APIError as error:
        if error.status_code != _CONFLICT:
            raise


def _ended(engine: docker.DockerClient, container: Container) -> ProcessExit:
    state: Mapping[str, Any] = container.attrs["State"]
    code = int(state["ExitCode"])
    started, ended = _instant(state["StartedAt"]), _instant(state["FinishedAt"])
    # A container that was started before keeps the log of that time, which is another run's.
    since = started.timestamp() if started else None
    output = container.logs(stdout=True, stderr=False, tail=_LOG_LINES, since=since).decode(errors="replace")
    errors = container.logs(stdout=False, stderr=True, tail=20, since=since).decode(errors="replace")
    reason: ExitReason | None = None
    if state.get("OOMKilled") or (code == _KILLED and started and ran_out_of_memory(engine, container, started)):
        limit = int(container.attrs["HostConfig"]["Memory"]) >> 20
        reason, errors = ExitReason.OOM_KILLED, f"the kernel killed it at its memory limit of {limit} MiB"
    elif started is None:
        reason = ExitReason.NEVER_STARTED
    elif code == _KILLED:
        reason, errors = ExitReason.KILLED, "SIGKILL from outside, as far as the engine heard"
    elif code in _NEVER_STARTED_CODES:
        reason = ExitReason.NEVER_STARTED
    return ProcessExit(code, output, reason, errors or str(state.get("Error", "")), started, ended)


def ran_out_of_memory(engine: docker.DockerClient, container: Container, started: datetime) -> bool:
    """Whether the engine heard that memory ran out in it, be it after it heard of the end: its flag is then not set."""
    wanted = {"container": container.id, "event": "oom"}
    # It tells what it remembers, and what comes until the bound, which is a second at most.
    since, until = int(started.timestamp()), int(time.time()) + 1
    heard = engine.api.events(since=since, until=until, filters=wanted, decode=True)
    return any(True for _ in heard)


def _instant(text: str) -> datetime | None:
    """In UTC; Docker writes the year 1 for never."""
    return None if text.startswith(_NEVER) else datetime.fromisoformat(text)


def _archive(name: str, content: bytes) -> bytes:
    """A tar of one file that everyone may read."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o444
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.addfile(member, io.BytesIO(content))
    return archive.getvalue()
