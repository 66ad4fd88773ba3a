"""The local runner: workers are processes, held at the start until all are there and limited, then released together."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from pydantic import BaseModel, ConfigDict

from core.connection import parse_connection
from core.output.folder import storage_errors
from core.output.manifest import Run
from core.output.writer import OutputWriter
from core.plan import LoadPlan, WorkerPlan
from core.process import CONNECTION_VARIABLE, STACK_VARIABLE
from core.results import ExitReason
from core.stores import capabilities_of
from infra.fleet.deadline import Patience
from infra.fleet.runner import Ended
from infra.platforms.local import ramdisk
from infra.platforms.local.cgroup import ControlGroup, remove_groups
from infra.platforms.local.folder_url import relative_folder, resolved
from infra.platforms.local.pidfile import remember
from infra.platforms.local.workspace import PARENT, WorkspacePaths, workspace_of

_HELD = 'read -r _ || exit 1; exec "$@"'
"""A shell that becomes the worker once it is told to: by then it is in its control group."""
_TAIL_BYTES = 1 << 20
_POLL_SECONDS = 0.2
_STOP_GRACE_SECONDS = 10
_SIGKILL = -9


class LocalHandles(BaseModel):
    """Where the fleet is: the stack's folder and the project's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path
    project: Path
    stack: str = ""
    server: str = ""
    """What tells one server from the next: other workers are needed for another one."""


def runner_of(handles: Mapping[str, Any], plan: LoadPlan, secrets: Mapping[str, str]) -> "LocalRunner":
    """Return the runner of a plan in the stack's workspace; `secrets` go into the processes' environment only.

    Paths are found here, where the engine started its provider in the project's folder: the state holds none.
    """
    folder = workspace_of(Path.cwd(), handles["stack"], handles["instance"]).folder
    found = LocalHandles(folder=folder, project=Path.cwd(), stack=handles["stack"], server=handles.get("server") or "")
    return LocalRunner(found, plan, {name: _resolved(text, found) for name, text in secrets.items()})


def _resolved(url: str, handles: LocalHandles) -> str:
    """The workspace's own output is where the workspace is, which may be another checkout of the same stack."""
    project = handles.folder.parents[1] if (relative_folder(url) or "").startswith(f"{PARENT}/") else handles.project
    return resolved(url, project)


@dataclass(slots=True)
class _Process:
    process: subprocess.Popen[bytes]
    group: ControlGroup
    hold: IO[bytes]
    started_at: datetime | None = None
    ended_at: datetime | None = None


class LocalRunner:
    """Runs a fleet of processes of this machine."""

    def __init__(self, handles: LocalHandles, plan: LoadPlan, secrets: Mapping[str, str]) -> None:
        self._handles = handles
        self._paths = WorkspacePaths(handles.folder)
        self._plan = plan
        self._secrets = dict(secrets)
        self._processes: dict[str, _Process] = {}

    def prepare(self, timeout_seconds: float, wanted: Callable[[], bool]) -> Ended:
        """Lay out the folder anew and run `worker prepare`."""
        self._sweep()
        for folder in (self._paths.workers, self._paths.results):
            folder.mkdir(exist_ok=True)
        self._paths.plan.write_text(self._plan.model_dump_json())
        command = self._command("prepare", "--plan", str(self._paths.plan))
        patience = Patience(timeout_seconds, wanted)
        with subprocess.Popen(
            command,
            env=self._environment(self._paths.workers),
            cwd=self._handles.project,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            while (said := _said(process)) is None:
                if (ended := patience.over()) is not None:
                    process.kill()
                    return ended
            return Ended(process.returncode, said[0], detail=said[1])

    def start(self) -> None:
        """Make every process, limit it, and only then let all of them go."""
        for index, worker in enumerate(self._plan.workers):
            self._processes[worker.id] = self._held(index, worker)
        for process in self._processes.values():
            process.hold.write(b"\n")
            process.hold.close()
            process.started_at = datetime.now(UTC)

    def restart(self, worker: str) -> None:
        """Another process in the same place; its control group counts anew."""
        self._processes[worker].group.remove()
        index = [planned.id for planned in self._plan.workers].index(worker)
        process = self._held(index, self._plan.workers[index])
        self._processes[worker] = process
        process.hold.write(b"\n")
        process.hold.close()
        process.started_at = datetime.now(UTC)

    def running(self) -> frozenset[str]:
        """Those whose process is there; the moment of an end is noted when it is first seen."""
        for process in self._processes.values():
            if process.ended_at is None and process.process.poll() is not None:
                process.ended_at = datetime.now(UTC)
        return frozenset(worker for worker, process in self._processes.items() if process.ended_at is None)

    def stop(self) -> None:
        """SIGTERM to all, and SIGKILL after a grace that they share."""
        for process in self._processes.values():
            process.process.terminate()
        deadline = time.monotonic() + _STOP_GRACE_SECONDS
        for process in self._processes.values():
            try:
                process.process.wait(max(deadline - time.monotonic(), 0))
            except subprocess.TimeoutExpired:
                process.process.kill()
                process.process.wait()

    def ended(self) -> Mapping[str, Ended]:
        """Exit codes, what was written, and whether the kernel killed for memory."""
        return {worker: self._ended(worker, process) for worker, process in self._processes.items()}

    def finish(self) -> Sequence[str]:
        """Give the RAM disks and the control groups back; logs and results stay while the stack does."""
        self._sweep(keep=True)
        return self._discarded()

    def _discarded(self) -> Sequence[str]:
        """Remove the files of a run that is not complete, and say so."""
        source = capabilities_of(self._plan.source)
        url = self._secrets.get(CONNECTION_VARIABLE)
        if source.needs_server or url is None:
            return ()
        folder = OutputWriter(Path(parse_connection(url, source).path))
        with storage_errors(folder.path):
            return (folder.incomplete_warning(),) if folder.discard(Run.of(self._plan, self._handles.stack)) else ()

    def _sweep(self, *, keep: bool = False) -> None:
        ramdisk.unmount_below(self._paths.workers)
        for worker in self._plan.workers:
            remove_groups(f"{self._paths.group}/{worker.id}")
        if not keep:
            for file in [*self._paths.workers.glob("*"), *self._paths.results.glob("*.json")]:
                if file.is_file():
                    file.unlink()

    def _held(self, index: int, worker: WorkerPlan) -> _Process:
        limits = self._plan.limits
        data = self._paths.workers / worker.id
        data.mkdir(exist_ok=True)
        if limits and limits.tmpfs is not None and not data.is_mount():
            ramdisk.mount(data, limits.tmpfs)
        command = self._command("--plan", str(self._paths.plan), "--index", str(index))
        with (
            (self._paths.workers / f"{worker.id}.out").open("wb") as output,
            (self._paths.workers / f"{worker.id}.err").open("wb") as errors,
        ):
            process = subprocess.Popen(
                ["sh", "-c", _HELD, "sh", *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=errors,
                env=self._environment(data),
                cwd=self._handles.project,
                start_new_session=True,
            )
        remember(process.pid, self._paths.workers / f"{worker.id}.pid")
        group = ControlGroup.make(f"{self._paths.group}/{worker.id}", limits.cpu, limits.memory) if limits else None
        if group is not None:
            group.add(process.pid)
        assert process.stdin is not None  # noqa: S101 - it was asked for above
        return _Process(process, group or ControlGroup([]), process.stdin)

    def _ended(self, worker: str, process: _Process) -> Ended:
        code = process.process.returncode
        output = _tail(self._paths.workers / f"{worker}.out")
        detail = _tail(self._paths.workers / f"{worker}.err")
        reason: ExitReason | None = None
        if code == _SIGKILL:
            killed_for_memory = process.group.memory_kills > 0
            reason = ExitReason.OOM_KILLED if killed_for_memory else ExitReason.KILLED
            detail = "the kernel killed it at its memory limit" if killed_for_memory else "SIGKILL from outside"
        return Ended(code, output, reason, detail, process.started_at, process.ended_at)

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "worker", *arguments]

    def _environment(self, data: Path) -> dict[str, str]:
        return {
            **os.environ,
            **self._secrets,
            STACK_VARIABLE: self._handles.stack,
            "LOADTEST_DATA": str(data),
            "LOADTEST_RESULTS": str(self._paths.results),
            "LOADTEST_PARENT": str(os.getpid()),
            "TMPDIR": str(data),
            "POLARS_MAX_THREADS": "1",
        }


def _tail(path: Path) -> str:
    """The last MiB of a file, which holds the result and the progress before it."""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - _TAIL_BYTES, 0))
        return file.read().decode(errors="replace")


def _said(process: "subprocess.Popen[str]") -> tuple[str, str] | None:
    """What a process has written to its end; None while it runs."""
    try:
        return process.communicate(timeout=_POLL_SECONDS)
    except subprocess.TimeoutExpired:
        return None
