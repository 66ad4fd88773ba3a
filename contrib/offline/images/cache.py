"""The user's cache of images, and the files in it."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


def cache_folder(purpose: str) -> Path:
    """Return the folder for a purpose in the user's cache; create it if necessary. XDG_CACHE_HOME is respected."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = root / "loadtest" / purpose
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def locked(folder: Path) -> Generator[None]:
    """Lock a folder for this process, after waiting for others."""
    with (folder / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def archive_path(folder: Path, name: str, content: str) -> Path:
    """Return the path of the archive of an image with this content."""
    return folder / f"{name.replace(':', '-')}-{content}.tar"


def drop_others(folder: Path, name: str, keep: Path) -> None:
    """Remove an image's archives of older content."""
    for archive in folder.glob(f"{name.replace(':', '-')}-*.tar"):
        if archive != keep:
            archive.unlink()
