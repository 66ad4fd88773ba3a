"""The user's cache of built parts: one folder per part, named by a hash of all its sources."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from contrib.offline.parts.errors import ToolError

BUILDS = "LOADTEST_BUILDS"
"""A variable. With the value `never`, a part that is missing in the cache is an error. The tests set it."""


@dataclass(frozen=True)
class Cache:
    """The parts of one purpose."""

    purpose: str

    @property
    def root(self) -> Path:
        """The parts' folder: `loadtest/PURPOSE` in $XDG_CACHE_HOME, else in ~/.cache."""
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        return Path(base) / "loadtest" / self.purpose

    def folder(self, name: str, make: Callable[[Path], None]) -> Path:
        """Return the cached folder `name`. If it does not exist, `make` fills it first.

        The folder is created under another name and renamed, so it is complete or absent. One process creates it while others
        wait.
        """
        place = self.root / name
        if place.is_dir():
            return place
        require_builds(f"{name} of {self.root.name}")
        with self.lock(name):
            if place.is_dir():
                return place
            unfinished = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=self.root))
            try:
                make(unfinished)
                unfinished.chmod(0o755)
                unfinished.rename(place)
            except BaseException:
                shutil.rmtree(unfinished, ignore_errors=True)
                raise
        return place

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Lock `name` against other processes of this user. The kernel releases the lock if the process ends."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / f"{name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def require_builds(what: str) -> None:
    """Check that this process may build or download missing parts. Raises ToolError."""
    if os.environ.get(BUILDS) == "never":
        raise ToolError(f"{what} is not in the cache, and {BUILDS}=never forbids to build it; run `make prepare`")


def key(sources: Iterable[Path], versions: Mapping[str, str]) -> str:
    """Return a hash, in sixteen hex digits, of the sources (names and contents of files) and the versions."""
    digest = hashlib.sha256()
    for source in sources:
        for path in sorted(source.rglob("*")) if source.is_dir() else [source]:
            if path.is_file() and "__pycache__" not in path.parts:
                absorb(digest, str(path.relative_to(source.parent)).encode(), path.read_bytes())
    for name, version in sorted(versions.items()):
        absorb(digest, name.encode(), version.encode())
    return digest.hexdigest()[:16]


def absorb(digest: hashlib._Hash, name: bytes, content: bytes) -> None:
    """Add one named value to the hash. Lengths are included, so that adjacent values cannot be confused."""
    digest.update(b"%d:%s%d:" % (len(name), name, len(content)))
    digest.update(content)
