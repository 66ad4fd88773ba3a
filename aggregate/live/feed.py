"""Read the state of a run's workers from outside. The interface is the same for every platform."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from pydantic import ValidationError

from core.plan import LoadPlan
from core.process import PLAN_NAME, result_file
from core.results import Progress, WorkerResult
from core.worker_output import reports_of

_Model = TypeVar("_Model", WorkerResult, LoadPlan)


@dataclass(frozen=True)
class Snapshot:
    """One worker at one moment. `memory_limit` is in bytes; `result` is None until the worker has ended."""

    worker_id: str
    started: bool
    running: bool
    progress: Progress | None = None
    result: WorkerResult | None = None
    memory_limit: int | None = None


class Feed(Protocol):
    """A source of worker snapshots. Both methods are fast and never wait for a worker."""

    def plan(self) -> LoadPlan | None:
        """Return the run's plan, or None if it cannot be read."""
        ...

    def snapshots(self) -> Sequence[Snapshot]:
        """Return all workers that exist now; none before the run starts."""
        ...


class FolderFeed:
    """A folder with `plan.json`, to which workers write results. A worker counts as running until its result exists."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def plan(self) -> LoadPlan | None:
        """Return the folder's plan, or None if the file is missing or incomplete."""
        return read_file(LoadPlan, self._folder / PLAN_NAME)

    def snapshots(self) -> Sequence[Snapshot]:
        """Return each planned worker; without a plan, each worker with a result."""
        plan = self.plan()
        names = [worker.id for worker in plan.workers] if plan else self._ended()
        results = {name: read_file(WorkerResult, result_file(self._folder, name)) for name in names}
        return [Snapshot(name, True, result is None, None, result) for name, result in results.items()]

    def _ended(self) -> list[str]:
        return sorted(file.stem for file in self._folder.glob("*.json") if file.name != PLAN_NAME)


def read_file(model: type[_Model], file: Path) -> _Model | None:
    """Read a model from a JSON file; None if the file is missing or incomplete."""
    try:
        return model.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return None


def parse_output(output: bytes) -> tuple[Progress | None, WorkerResult | None]:
    """Return the last complete progress line or result in the end of a worker's standard output."""
    newest = next(reports_of(output.decode(errors="replace")), None)
    return (newest, None) if isinstance(newest, Progress) else (None, newest)
