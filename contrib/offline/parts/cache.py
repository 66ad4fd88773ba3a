"""The user's cache of built parts: one folder per part, named by a hash of everything the part is built from."""

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
"""A variable: with the value `never`, what the cache lacks is an error. The tests run so: they measure, not build."""


@dataclass(frozen=True)
class Cache:
    """The parts that serve one purpose."""

    purpose: str

    @property
    def root(self) -> Path:
        """The parts' folder: `loadtest/PURPOSE` in $XDG_CACHE_HOME, else in ~/.cache."""
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        return Path(base) / "loadtest" / self.purpose

    def folder(self, name: str, make: Callable[[Path], None]) -> Path:
        """The cached folder `name`; when it is not there, `make` fills it first.

        Whole or absent: it is made beside its place and renamed. One process makes it while others wait.
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
        """Hold the lock of `name` against other processes of this user; the kernel frees it if this one dies."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / f"{name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def require_builds(what: str) -> None:
    """Raise ToolError where this process may not build or download what the cache lacks."""
    if os.environ.get(BUILDS) == "never":
        raise ToolError(f"{what} is not in the cache and {BUILDS}=never forbids to make it; run `make prepare`")


def key(sources: Iterable[Path], versions: Mapping[str, str]) -> str:
    """Sixteen hex digits over the sources (a file, or every file of a folder: name and content) and the versions."""
    digest = hashlib.sha256()
    for source in sources:
        for path in sorted(source.rglob("*")) if source.is_dir() else [source]:
            if path.is_file() and "__pycache__" not in path.parts:
                absorb(digest, str(path.relative_to(source.parent)).encode(), path.read_bytes())
    for name, version in sorted(versions.items()):
        absorb(digest, name.encode(), version.encode())
    return digest.hexdigest()[:16]


def absorb(digest: hashlib._Hash, name: bytes, content: bytes) -> None:
    """Add one named value; the lengths keep two neighbours from running into each other."""
    digest.update(b"%d:%s%d:" % (len(name), name, len(content)))
    digest.update(content)
