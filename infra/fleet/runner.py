"""The protocol between the fleet and a platform's own client."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from core.results import ExitReason


@dataclass(frozen=True, slots=True)
class ProcessExit:
    """How a process of the fleet ended, and what it wrote on standard output (the end of it, if that was long)."""

    exit_code: int | None
    output: str
    reason: ExitReason | None = None
    """What the platform knows of a death; None where the process itself tells."""
    detail: str = ""
    """The platform's words, or the end of standard error."""
    started_at: datetime | None = None
    ended_at: datetime | None = None


class Runner(Protocol):
    """Runs one fleet. Workers are named by their id."""

    def prepare(self, timeout_seconds: float, wanted: Callable[[], bool]) -> ProcessExit:
        """Run `worker prepare` to its end, or end it: when its time is over, or once `wanted` turns false."""
        ...

    def start(self) -> None:
        """Start every worker, all at once."""
        ...

    def running(self) -> frozenset[str]:
        """The ids of the workers that have not ended."""
        ...

    def stop(self) -> None:
        """Tell every worker to end, and end those that do not; what they report is kept."""
        ...

    def exits(self) -> Mapping[str, ProcessExit]:
        """How each worker ended; one that never began is there with that reason."""
        ...

    def finish(self) -> Sequence[str]:
        """Bring the files that the run made to where they are to stay; return warnings."""
        ...


@runtime_checkable
class RestartingRunner(Protocol):
    """What a runner can do besides, unless its platform starts failed workers again by itself."""

    def restart(self, worker: str) -> None:
        """Start a worker that has ended once more; it finds out by itself that it is not the first attempt."""
        ...
