"""The folder of a stack on the local platform: the runner writes its files, and `watch` reads them."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

from core.process import PLAN_NAME

WORKSPACES = ".loadtest"
"""The parent folder of all stacks' folders, below the project."""
_SAME_SECONDS = 1.0
"""Start times of one process differ by less than this: the kernel's clock ticks are rounded."""


@dataclass(frozen=True, slots=True)
class WorkspaceFiles:
    """The paths of a stack's files on this machine."""

    folder: Path

    @property
    def plan(self) -> Path:
        """The plan file."""
        return self.folder / PLAN_NAME

    @property
    def workers(self) -> Path:
        """The workers' files, and a folder `ID` per worker with its RAM disk."""
        return self.folder / "workers"

    @property
    def results(self) -> Path:
        """The folder of the workers' result files."""
        return self.folder / "results"

    def output(self, worker_id: str) -> Path:
        """Return the file of a worker's standard output."""
        return self.workers / f"{worker_id}.out"

    def errors(self, worker_id: str) -> Path:
        """Return the file of a worker's standard error."""
        return self.workers / f"{worker_id}.err"

    def process(self, worker_id: str) -> Path:
        """Return the file that records a worker's process."""
        return self.workers / f"{worker_id}.pid"


class ProcessRecord(NamedTuple):
    """A process: its pid, and its start time in seconds since 1970, because the kernel reuses pids."""

    pid: int
    created: float

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read a record. Raises OSError, or ValueError for a file that is not complete."""
        pid, created = file.read_text().split()
        return cls(int(pid), float(created))

    def write(self, file: Path) -> None:
        """Write the record."""
        file.write_text(f"{self.pid} {self.created}")

    def is_of(self, created: float) -> bool:
        """Return whether this is the record of a process of the same pid that was created at this time."""
        return abs(created - self.created) < _SAME_SECONDS
