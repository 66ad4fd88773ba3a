"""Where a result goes: the last line on standard output, a file that is whole or absent, and the termination message."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import StorageError
from core.results import WorkerResult
from worker.result.termination_message import message

TERMINATION_VARIABLE = "LOADTEST_TERMINATION_LOG"
"""Names the file whose text Kubernetes keeps with an ended container."""


def deliver(result: WorkerResult, path: Path, write: Callable[[str], object]) -> None:
    """Write the line first, since it cannot run out of room; then the files. Raises StorageError for those."""
    text = result.model_dump_json()
    write(text)
    if termination_log := os.environ.get(TERMINATION_VARIABLE):
        with _named(Path(termination_log)):
            Path(termination_log).write_text(message(result), encoding="utf-8")
    unfinished = path.with_name(path.name + ".tmp")
    with _named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Turn the system's errors into ours."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"{path}: the result could not be written ({error.strerror}); it is in the log") from error
