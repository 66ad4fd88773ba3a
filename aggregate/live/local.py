"""Workers that are processes of this machine: their output lies in the stack's folder."""

from collections.abc import Sequence
from pathlib import Path

import psutil
from pydantic import ValidationError

from aggregate.collect import PROJECT
from aggregate.live.feed import Sighting, told
from core.plan import LoadPlan

_TAIL_BYTES = 1 << 18
"""Holds the last line whole: a result is some tens of KiB."""


class LocalFeed:
    """The folder `.loadtest/<stack>` of a stack on the local platform."""

    def __init__(self, stack: str, project: Path = PROJECT) -> None:
        self._folder = project / ".loadtest" / stack

    def plan(self) -> LoadPlan | None:
        """The plan that the workers were given."""
        try:
            return LoadPlan.model_validate_json((self._folder / "plan.json").read_bytes())
        except (OSError, ValidationError):
            return None

    def look(self) -> Sequence[Sighting]:
        """Each worker of the plan once its output is there."""
        plan = self.plan()
        if plan is None:
            return []
        limit = plan.limits.memory if plan.limits else None
        return [self._sighting(worker.id, limit) for worker in plan.workers if self._output(worker.id).exists()]

    def _sighting(self, worker: str, memory_limit: int | None) -> Sighting:
        # First whether it runs, then what it wrote: what has ended by now has written all.
        running = self._runs(worker)
        progress, result = told(_tail(self._output(worker)))
        return Sighting(worker, True, running, progress, result, memory_limit)

    def _output(self, worker: str) -> Path:
        return self._folder / "workers" / f"{worker}.out"

    def _runs(self, worker: str) -> bool:
        """Whether the process that was written down, with the time when it began, is still there."""
        try:
            pid, created = (self._folder / "workers" / f"{worker}.pid").read_text().split()
            process = psutil.Process(int(pid))
            return abs(process.create_time() - float(created)) < 1 and process.status() != psutil.STATUS_ZOMBIE
        except (OSError, ValueError, psutil.NoSuchProcess):
            return False


def _tail(file: Path) -> bytes:
    try:
        with file.open("rb") as output:
            output.seek(max(file.stat().st_size - _TAIL_BYTES, 0))
            return output.read()
    except FileNotFoundError:
        return b""
