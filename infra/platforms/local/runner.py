"""Run workers as processes: start all of them paused, limit them, then release them together."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from pydantic import BaseModel, ConfigDict

from core.connection import parse_connection
from core.files import write_atomically
from core.output.errors import storage_errors
from core.output.manifest import Run
from core.output.writer import OutputWriter
from core.plan import LoadPlan, WorkerPlan
from core.process import (
    CONNECTION_VARIABLE,
    DATA_VARIABLE,
    PARENT_VARIABLE,
    RESULTS_VARIABLE,
    STACK_VARIABLE,
    START_NAME,
    START_TEXT,
    START_VARIABLE,
    prepare_arguments,
    worker_arguments,
)
from core.results import ExitReason
from core.stores import capabilities_of
from core.worker_output import is_ready
from core.workspace import WORKSPACES
from infra.fleet.runner import KILLED_DETAIL, OUT_OF_MEMORY_DETAIL, Deadline, ProcessExit
from infra.pidfile import record_process
from infra.platforms.local.limits import ControlGroup, mount_ram_disk, remove_groups, unmount_below
from infra.platforms.local.workspace import WorkspacePaths, workspace_of
from infra.settings.output_dir import absolute_url, relative_folder

_PAUSED = 'read -r _ || exit 1; exec "$@"'
"""A shell that waits for a line, then becomes the worker. Meanwhile it is moved into its control group."""
_TAIL_BYTES = 1 << 20
_POLL_SECONDS = 0.2
_STOP_GRACE_SECONDS = 10
_SIGKILL = -9


class LocalHandles(BaseModel):
    """The folders of the fleet: the stack's and the project's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path
    project: Path
    stack: str = ""
    server: str = ""
    """The id of the embedded server: another server means another run."""


def runner_of(handles: Mapping[str, Any], plan: LoadPlan, secrets: Mapping[str, str]) -> "LocalRunner":
    """Return the runner of a plan in the stack's workspace; `secrets` are variables of the worker processes.

    The state contains no paths: they follow from the working directory, where the engine starts its providers.
    """
    folder = workspace_of(Path.cwd(), handles["stack"], handles["instance"]).folder
    parsed = LocalHandles(folder=folder, project=Path.cwd(), stack=handles["stack"], server=handles.get("server") or "")
    return LocalRunner(parsed, plan, {name: _absolute_url(text, parsed) for name, text in secrets.items()})


def _absolute_url(url: str, handles: LocalHandles) -> str:
    """Return the URL with an absolute path. Output inside the workspace may be in another checkout of the same stack."""
    project = (
        handles.folder.parents[1] if (relative_folder(url) or "").startswith(f"{WORKSPACES}/") else handles.project
    )
    return absolute_url(url, project)


@dataclass(slots=True)
class _Process:
    process: subprocess.Popen[bytes]
    group: ControlGroup
    input: IO[bytes]
    started_at: datetime | None = None
    ended_at: datetime | None = None

    def release(self) -> None:
        """Start the worker in the paused shell, whose process it replaces."""
        self.input.write(b"\n")
        self.input.close()
        self.started_at = datetime.now(UTC)


class LocalRunner:
    """Run a fleet of processes on this machine."""

    def __init__(self, handles: LocalHandles, plan: LoadPlan, secrets: Mapping[str, str]) -> None:
        self._handles = handles
        self._paths = WorkspacePaths(handles.folder)
        self._plan = plan
        self._secrets = dict(secrets)
        self._processes: dict[str, _Process] = {}
        self._ready: set[str] = set()

    def prepare(self, timeout_seconds: float, wanted: Callable[[], bool]) -> ProcessExit:
        """Reset the folder and run `worker prepare`."""
        self._reset()
        for folder in (self._paths.workers, self._paths.results):
            folder.mkdir(exist_ok=True)
        self._paths.plan.write_text(self._plan.model_dump_json())
        command = self._command(*prepare_arguments(str(self._paths.plan)))
        deadline = Deadline(timeout_seconds, wanted)
        with subprocess.Popen(
            command,
            env=self._environment(self._paths.workers),
            cwd=self._handles.project,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            while (output := _output_of(process)) is None:
                if (status := deadline.expired()) is not None:
                    process.kill()
                    return status
            return ProcessExit(process.returncode, output[0], detail=output[1])

    def start(self) -> None:
        """Start every process paused and limited, then release all of them."""
        self._ready.clear()
        for index, worker in enumerate(self._plan.workers):
            self._processes[worker.id] = self._start_paused(index, worker)
        for process in self._processes.values():
            process.release()

    def restart(self, worker: str) -> None:
        """Start another process for the worker, in a new control group."""
        self._ready.discard(worker)
        self._processes[worker].group.remove()
        index = [planned.id for planned in self._plan.workers].index(worker)
        process = self._start_paused(index, self._plan.workers[index])
        self._processes[worker] = process
        process.release()

    def ready(self) -> frozenset[str]:
        """Return the workers that have printed that they are ready."""
        waiting = self._processes.keys() - self._ready
        self._ready |= {worker for worker in waiting if is_ready(_tail(self._paths.output(worker)))}
        return frozenset(self._ready)

    def open_gate(self, left_out: AbstractSet[str]) -> None:
        """End the processes that are left out, then write the file that the others wait for."""
        _end(self._processes[worker].process for worker in left_out)
        write_atomically(self._start_file, START_TEXT)

    def running(self) -> frozenset[str]:
        """Return the workers whose process is running. An end is recorded when it is first seen."""
        for process in self._processes.values():
            if process.ended_at is None and process.process.poll() is not None:
                process.ended_at = datetime.now(UTC)
        return frozenset(worker for worker, process in self._processes.items() if process.ended_at is None)

    def stop(self) -> None:
        """Send SIGTERM to all, and SIGKILL after a grace period for all of them."""
        _end(process.process for process in self._processes.values())

    def exits(self) -> Mapping[str, ProcessExit]:
        """Return exit codes, outputs, and whether the kernel killed a worker for memory."""
        return {worker: self._exit_of(worker, process) for worker, process in self._processes.items()}

    def finish(self) -> Sequence[str]:
        """Remove RAM disks, control groups and incomplete files; logs and results stay until `destroy`."""
        self._release_limits()
        return self._discard_incomplete()

    @property
    def _start_file(self) -> Path:
        """The file that the workers wait for; a preparation removes it with the other files of the last run."""
        return self._paths.workers / START_NAME

    def _discard_incomplete(self) -> Sequence[str]:
        """Remove the files of an incomplete run and return a warning."""
        source = capabilities_of(self._plan.source)
        url = self._secrets.get(CONNECTION_VARIABLE)
        if source.needs_server or url is None:
            return ()
        folder = OutputWriter(Path(parse_connection(url, source).path))
        with storage_errors(folder.path):
            return (folder.incomplete_warning(),) if folder.discard(Run.of(self._plan, self._handles.stack)) else ()

    def _reset(self) -> None:
        self._release_limits()
        for file in [*self._paths.workers.glob("*"), *self._paths.results.glob("*.json")]:
            if file.is_file():
                file.unlink()

    def _release_limits(self) -> None:
        unmount_below(self._paths.workers)
        for worker in self._plan.workers:
            remove_groups(f"{self._paths.group}/{worker.id}")

    def _start_paused(self, index: int, worker: WorkerPlan) -> _Process:
        limits = self._plan.limits
        data = self._paths.workers / worker.id
        data.mkdir(exist_ok=True)
        if limits and limits.tmpfs is not None and not data.is_mount():
            mount_ram_disk(data, limits.tmpfs)
        command = self._command(*worker_arguments(str(self._paths.plan), index))
        with (
            self._paths.output(worker.id).open("wb") as output,
            self._paths.errors(worker.id).open("wb") as errors,
        ):
            process = subprocess.Popen(
                ["sh", "-c", _PAUSED, "sh", *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=errors,
                env=self._environment(data),
                cwd=self._handles.project,
                start_new_session=True,
            )
        record_process(process.pid, self._paths.process(worker.id))
        group = ControlGroup.create(f"{self._paths.group}/{worker.id}", limits.cpu, limits.memory) if limits else None
        if group is not None:
            group.add(process.pid)
        assert process.stdin is not None  # noqa: S101 - requested above
        return _Process(process, group or ControlGroup([]), process.stdin)

    def _exit_of(self, worker: str, process: _Process) -> ProcessExit:
        code = process.process.returncode
        output = _tail(self._paths.output(worker))
        detail = _tail(self._paths.errors(worker))
        reason: ExitReason | None = None
        if code == _SIGKILL:
            killed_for_memory = process.group.memory_kills > 0
            reason = ExitReason.OOM_KILLED if killed_for_memory else ExitReason.KILLED
            detail = OUT_OF_MEMORY_DETAIL if killed_for_memory else KILLED_DETAIL
        return ProcessExit(code, output, reason, detail, process.started_at, process.ended_at)

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "worker", *arguments]

    def _environment(self, data: Path) -> dict[str, str]:
        return {
            **os.environ,
            **self._secrets,
            STACK_VARIABLE: self._handles.stack,
            DATA_VARIABLE: str(data),
            RESULTS_VARIABLE: str(self._paths.results),
            START_VARIABLE: str(self._start_file),
            PARENT_VARIABLE: str(os.getpid()),
            "TMPDIR": str(data),
            "POLARS_MAX_THREADS": "1",
        }


def _end(processes: Iterable["subprocess.Popen[bytes]"]) -> None:
    """Send SIGTERM to all, and SIGKILL after a grace period for all of them."""
    ending = list(processes)
    for process in ending:
        process.terminate()
    deadline = time.monotonic() + _STOP_GRACE_SECONDS
    for process in ending:
        try:
            process.wait(max(deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _tail(path: Path) -> str:
    """Return the last MiB of a file, which includes the result and the progress before it."""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - _TAIL_BYTES, 0))
        return file.read().decode(errors="replace")


def _output_of(process: "subprocess.Popen[str]") -> tuple[str, str] | None:
    """Return the outputs of a process that has ended; None while it runs."""
    try:
        return process.communicate(timeout=_POLL_SECONDS)
    except subprocess.TimeoutExpired:
        return None
