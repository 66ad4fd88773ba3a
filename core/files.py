"""Files that are written completely or not at all."""

import os
from pathlib import Path


def write_atomically(path: Path, text: str) -> None:
    """Replace a file by this text: readers see the earlier content or all of the new one, also after a power cut."""
    unfinished = unfinished_file(path)
    with unfinished.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def unfinished_file(path: Path) -> Path:
    """Return where to write a file until it is complete."""
    return path.with_name(f"{path.name}.tmp")


def sync_folder(folder: Path) -> None:
    """Make renames in this folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
