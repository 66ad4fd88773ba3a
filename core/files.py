"""Files that are written completely or not at all."""

import os
from pathlib import Path


def write_atomically(path: Path, text: str) -> None:
    """Replace a file's content: readers see all of the old or all of the new content, even after a power failure."""
    unfinished = unfinished_file(path)
    with unfinished.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def unfinished_file(path: Path) -> Path:
    """Return where to write a file until it is complete."""
    return path.with_name(f"{path.name}.tmp")


def reason_of(error: BaseException) -> str:
    """Return the system's reason for an error, like `Permission denied`; without one, the error's text."""
    return getattr(error, "strerror", None) or str(error)


def sync_folder(folder: Path) -> None:
    """Make renames in this folder survive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
