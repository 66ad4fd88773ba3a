"""Where a result goes: a file that is whole or absent, and the last line on standard output."""

import os
from collections.abc import Callable
from pathlib import Path

from spec.errors import StorageError
from spec.results import WorkerResult


def deliver(result: WorkerResult, path: Path, write: Callable[[str], object]) -> None:
    """Write the line first, since it cannot run out of room; then the file. Raises StorageError for the file."""
    text = result.model_dump_json()
    write(text)
    unfinished = path.with_name(path.name + ".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise StorageError(f"{path}: the result could not be written ({error.strerror}); it is in the log") from error
