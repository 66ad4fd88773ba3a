"""A program from the npm registry, with all that it needs at run time."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from contrib.offline.images.command import run

# no compiled parts and no install scripts: what the host fetches must run in the image
_OPTIONS = ("--omit=dev", "--omit=optional", "--ignore-scripts", "--no-save", "--no-audit", "--no-fund")


@dataclass(frozen=True)
class NpmPackage:
    """A package at a version, in the context's folder `node_modules`."""

    package: str
    version: str

    def describe(self) -> Mapping[str, object]:
        """What is fetched, and how; packages that it needs in turn are the newest that fit."""
        return {"npm": self.package, "version": self.version, "options": _OPTIONS}

    def into(self, context: Path, log: Path) -> None:
        """Fetches with the machine's own npm and its settings. Raises ImageError."""
        run(["npm", "install", f"--prefix={context}", *_OPTIONS, f"{self.package}@{self.version}"], log)
