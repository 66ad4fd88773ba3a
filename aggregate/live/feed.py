"""What can be seen of a run's workers from outside, whatever the platform."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from pydantic import ValidationError

from core.plan import LoadPlan
from core.results import Progress, WorkerResult

_Model = TypeVar("_Model", Progress, WorkerResult)


@dataclass(frozen=True)
class Sighting:
    """One worker at one moment. `memory_limit` is in bytes; a result is there from the worker's end on."""

    worker_id: str
    started: bool
    running: bool
    progress: Progress | None = None
    result: WorkerResult | None = None
    memory_limit: int | None = None


class Feed(Protocol):
    """A place where workers can be seen. A look at it costs little and never blocks for long."""

    def plan(self) -> LoadPlan | None:
        """The run's plan, where it can be read."""
        ...

    def look(self) -> Sequence[Sighting]:
        """All workers that are there now; none before the run begins."""
        ...


def told(output: bytes) -> tuple[Progress | None, WorkerResult | None]:
    """What the last whole line that is a worker's says, of the end of its standard output."""
    lines = output.split(b"\n")
    for line in reversed(lines):
        if line.startswith(b'{"progress":'):
            if (progress := _parsed(Progress, line)) is not None:
                return progress, None
        elif line.startswith(b'{"worker_id":') and (result := _parsed(WorkerResult, line)) is not None:
            return None, result
    return None, None


def _parsed(model: type[_Model], line: bytes) -> _Model | None:
    """None for a line that is cut off, as the last one may be while it is being written."""
    try:
        return model.model_validate_json(line)
    except ValidationError:
        return None
