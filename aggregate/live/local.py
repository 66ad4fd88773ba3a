"""Follow workers that are processes of this machine. Their output is in the stack's folder."""

from collections.abc import Sequence
from pathlib import Path

import psutil

from aggregate.live.feed import Snapshot, parse_output, read_file
from core.plan import LoadPlan
from core.workspace import WORKSPACES, ProcessRecord, WorkspaceFiles

_TAIL_BYTES = 1 << 18
"""Enough for the last line: a result has some tens of KiB."""


class StackFeed:
    """The workers of the stack's folder in a project."""

    def __init__(self, stack: str, project: Path) -> None:
        self._files = WorkspaceFiles(project / WORKSPACES / stack)

    def plan(self) -> LoadPlan | None:
        """Return the plan that the workers read."""
        return read_file(LoadPlan, self._files.plan)

    def snapshots(self) -> Sequence[Snapshot]:
        """Return each planned worker whose output file exists."""
        plan = self.plan()
        if plan is None:
            return []
        limit = plan.limits.memory if plan.limits else None
        return [self._snapshot(worker.id, limit) for worker in plan.workers if self._files.output(worker.id).exists()]

    def _snapshot(self, worker: str, memory_limit: int | None) -> Snapshot:
        # Check the process before reading its output: a process that has ended has written everything.
        running = self._is_running(worker)
        progress, result = parse_output(_tail(self._files.output(worker)))
        return Snapshot(worker, True, running, progress, result, memory_limit)

    def _is_running(self, worker: str) -> bool:
        """Return whether the recorded process exists."""
        try:
            record = ProcessRecord.read(self._files.process(worker))
            process = psutil.Process(record.pid)
            return record.is_of(process.create_time()) and process.status() != psutil.STATUS_ZOMBIE
        except (OSError, ValueError, psutil.NoSuchProcess):
            return False


def _tail(file: Path) -> bytes:
    try:
        with file.open("rb") as output:
            output.seek(max(file.stat().st_size - _TAIL_BYTES, 0))
            return output.read()
    except FileNotFoundError:
        return b""
