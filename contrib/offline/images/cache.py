"""Where the user's cache of images lies, and which files are in it."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


def cache_folder(purpose: str) -> Path:
    """The folder for a purpose in the user's cache, made when absent. XDG_CACHE_HOME is honoured."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = root / "loadtest" / purpose
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def locked(folder: Path) -> Generator[None]:
    """Holds a folder for this process alone; waits while another one has it."""
    with (folder / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def archive_path(folder: Path, name: str, content: str) -> Path:
    """The archive of an image of this content."""
    return folder / f"{name.replace(':', '-')}-{content}.tar"


def drop_others(folder: Path, name: str, keep: Path) -> None:
    """Removes an image's archives of older content."""
    for archive in folder.glob(f"{name.replace(':', '-')}-*.tar"):
        if archive != keep:
            archive.unlink()
