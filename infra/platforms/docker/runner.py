"""Run the declared containers through Docker's own client."""

import io
import tarfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, cast

import docker
from docker.errors import APIError, NotFound
from docker.models.containers import Container
from pydantic import BaseModel, ConfigDict

from core.options import OnExisting
from core.output.errors import storage_errors
from core.output.manifest import Run
from core.output.writer import OutputWriter
from core.plan import LoadPlan
from core.process import START_NAME, START_TEXT
from core.results import ExitReason
from core.stores import capabilities_of
from core.worker_output import is_ready
from infra.fleet.runner import (
    KILLED_DETAIL,
    OUT_OF_MEMORY_DETAIL,
    SIGKILL_CODE,
    Deadline,
    ProcessExit,
    translate_errors,
)
from infra.platforms.docker.client import DRIVER_ERRORS, connect, message_of, wrap_docker_errors
from infra.platforms.docker.copy_output import copy_output
from infra.platforms.docker.server import start_server
from infra.settings.output_dir import absolute_path

_STOP_GRACE_SECONDS = 10
_COPY_BYTES = 1 << 18
"""The size of a chunk of the files that are copied out of a container."""
_POLL_SECONDS = 0.1
_CONFLICT = 409
_LOG_LINES = 400
"""Enough for a result and the progress before it; the log of a long run is much longer."""
_READY_LINES = 5
_MOST_REQUESTS = 32
_NEVER = "0001-01-01"
_NEVER_STARTED_CODES = (125, 126, 127)


class DockerHandles(BaseModel):
    """The ids of a fleet's containers, and the destination of their files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prepare: str
    plan_file: str
    """The plan's path in a volume that the prepare container may write and the workers may read."""
    workers: dict[str, str]
    """Worker id to container id."""
    output_in_container: str
    output_dir: str = ""
    """The setting `outputDir`; empty if it is not set."""
    stack: str = ""
    database: str = ""
    """The id of the server's container; empty for an existing server and for files."""


def runner_of(handles: Mapping[str, Any], plan: LoadPlan, _secrets: Mapping[str, str]) -> "DockerRunner":
    """Return the runner of the declared containers, whose environments contain their secrets."""
    return DockerRunner(DockerHandles.model_validate(handles), plan)


@translate_errors(wrap_docker_errors)
class DockerRunner:
    """Run a fleet of declared containers."""

    def __init__(self, fleet: DockerHandles, plan: LoadPlan) -> None:
        self._fleet = fleet
        self._plan = plan
        self._client = connect(fleet.stack)
        self._start_errors: dict[str, str] = {}
        self._ready: set[str] = set()
        self._earlier_ends: dict[str, datetime | None] = {}

    def prepare(self, timeout_seconds: float, wanted: Callable[[], bool]) -> ProcessExit:
        """Write the plan, start the container and wait for its end; kill it at the deadline."""
        if (folder := self._output) is not None:
            with storage_errors(folder.path):
                folder.require_replaceable(self._run, self._plan.tables, self._plan.on_existing)
        if self._fleet.database:
            start_server(self._client, self._fleet.database, wanted)
        container = self._container(self._fleet.prepare)
        plan_file = PurePosixPath(self._fleet.plan_file)
        container.put_archive(str(plan_file.parent), _archive(plan_file.name, self._plan_text()))
        # Without content, also after an earlier run of the same containers.
        container.put_archive(str(plan_file.parent), _archive(START_NAME, b""))
        container.start()
        deadline = Deadline(timeout_seconds, wanted)
        while self._running([container.id or ""]):
            if (status := deadline.expired()) is not None:
                _kill(container)
                return status
            time.sleep(_POLL_SECONDS)
        return _exit_of(self._client, self._container(self._fleet.prepare))

    def start(self) -> None:
        """Start all containers at once. An error of one of them becomes its exit status."""
        self._ready.clear()
        with ThreadPoolExecutor(max_workers=min(len(self._fleet.workers), _MOST_REQUESTS)) as pool:
            list(pool.map(self._start, self._fleet.workers))

    def restart(self, worker: str) -> None:
        """Start the same container again, with its volumes."""
        self._ready.discard(worker)
        self._launch(worker)

    def ready(self) -> frozenset[str]:
        """Return the workers that have printed that they are ready."""
        waiting = self._fleet.workers.keys() - self._ready
        if waiting:
            with ThreadPoolExecutor(max_workers=min(len(waiting), _MOST_REQUESTS)) as pool:
                found = zip(waiting, pool.map(self._has_printed_ready, waiting), strict=True)
                self._ready |= {worker for worker, has_printed in found if has_printed}
        return frozenset(self._ready)

    def open_gate(self, left_out: AbstractSet[str]) -> None:
        """Stop the containers that are left out, then write the file that the others wait for, in the plan's volume."""
        if left_out:
            with ThreadPoolExecutor(max_workers=min(len(left_out), _MOST_REQUESTS)) as pool:
                list(pool.map(self._stop, left_out))
        folder = PurePosixPath(self._fleet.plan_file).parent
        self._container(self._fleet.prepare).put_archive(str(folder), _archive(START_NAME, START_TEXT.encode()))

    def running(self) -> frozenset[str]:
        """Return the workers that have not ended, from one request for all containers."""
        ids = self._running(self._fleet.workers.values())
        return frozenset(worker for worker, container in self._fleet.workers.items() if container in ids)

    def stop(self) -> None:
        """Send SIGTERM to all, and SIGKILL after a grace period."""
        with ThreadPoolExecutor(max_workers=min(len(self._fleet.workers), _MOST_REQUESTS)) as pool:
            list(pool.map(self._stop, self.running()))

    def exits(self) -> Mapping[str, ProcessExit]:
        """Return each container's exit code and log, and whether the kernel killed it for memory."""
        exits: dict[str, ProcessExit] = {}
        for worker, container_id in self._fleet.workers.items():
            if worker in self._start_errors:
                exits[worker] = ProcessExit(None, "", ExitReason.NEVER_STARTED, self._start_errors[worker])
                continue
            try:
                exits[worker] = _exit_of(self._client, self._container(container_id))
            except NotFound:
                exits[worker] = ProcessExit(None, "", ExitReason.KILLED, "its container was removed")
        return exits

    def finish(self) -> Sequence[str]:
        """Copy the files of a complete run to `outputDir`, if it is set."""
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
        """The destination of the files, if the source is files and `outputDir` is set."""
        kept = bool(self._fleet.output_dir) and not capabilities_of(self._plan.source).needs_server
        # The working directory is the project, whose path must not be in the state.
        return OutputWriter(absolute_path(self._fleet.output_dir, Path.cwd())) if kept else None

    def _plan_text(self) -> bytes:
        """Return the plan for the containers. Their volume is always new; `prepare` checks the folder itself."""
        changed = {} if self._output is None else {"on_existing": OnExisting.EMPTY}
        return self._plan.model_copy(update=changed).model_dump_json().encode()

    def _start(self, worker: str) -> None:
        try:
            self._launch(worker)
        except DRIVER_ERRORS as error:
            self._start_errors[worker] = message_of(error)

    def _launch(self, worker: str) -> None:
        container = self._container(self._fleet.workers[worker])
        self._earlier_ends[worker] = _instant(container.attrs["State"]["FinishedAt"])
        container.start()

    def _has_printed_ready(self, worker: str) -> bool:
        try:
            container = self._container(self._fleet.workers[worker])
        except NotFound:
            return False
        # Not since its start: a busy engine may date the first output before that.
        return is_ready(_log(container, self._earlier_ends.get(worker), _READY_LINES))

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


def _kill(container: Container) -> None:
    """Send SIGKILL, unless the container has just ended."""
    try:
        container.kill()
    except APIError as error:
        if error.status_code != _CONFLICT:
            raise


def _exit_of(engine: docker.DockerClient, container: Container) -> ProcessExit:
    state: Mapping[str, Any] = container.attrs["State"]
    code = int(state["ExitCode"])
    started, ended = _instant(state["StartedAt"]), _instant(state["FinishedAt"])
    output = _log(container, started, _LOG_LINES)
    errors = _log(container, started, 20, errors=True)
    reason: ExitReason | None = None
    if state.get("OOMKilled") or (code == SIGKILL_CODE and started and ran_out_of_memory(engine, container, started)):
        limit = int(container.attrs["HostConfig"]["Memory"]) >> 20
        reason, errors = ExitReason.OOM_KILLED, f"{OUT_OF_MEMORY_DETAIL} of {limit} MiB"
    elif started is None:
        reason = ExitReason.NEVER_STARTED
    elif code == SIGKILL_CODE:
        reason, errors = ExitReason.KILLED, KILLED_DETAIL
    elif code in _NEVER_STARTED_CODES:
        reason = ExitReason.NEVER_STARTED
    return ProcessExit(code, output, reason, errors or str(state.get("Error", "")), started, ended)


def _log(container: Container, after: datetime | None, lines: int, *, errors: bool = False) -> str:
    """Return the end of a container's output. One that was started before also has the log of that earlier run."""
    since = after.timestamp() if after else None
    text: bytes = container.logs(stdout=not errors, stderr=errors, tail=lines, since=since)
    return text.decode(errors="replace")


def ran_out_of_memory(engine: docker.DockerClient, container: Container, started: datetime) -> bool:
    """Return whether the engine has an out-of-memory event of the container.

    The flag OOMKilled is missing if the event arrived after the end of the container.
    """
    wanted = {"container": container.id, "event": "oom"}
    # Read past events, and wait at most one second for late ones.
    since, until = int(started.timestamp()), int(time.time()) + 1
    events = engine.api.events(since=since, until=until, filters=wanted, decode=True)
    return any(True for _ in events)


def _instant(text: str) -> datetime | None:
    """Return the time in UTC, or None: Docker writes the year 1 for never."""
    return None if text.startswith(_NEVER) else datetime.fromisoformat(text)


def _archive(name: str, content: bytes) -> bytes:
    """Return a tar archive of one file that every user may read."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o444
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.addfile(member, io.BytesIO(content))
    return archive.getvalue()
