"""A program from the npm registry, with all its run-time dependencies."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from contrib.offline.images.command import run

# no compiled parts and no install scripts: the host fetches it, and the image must be able to run it
_OPTIONS = ("--omit=dev", "--omit=optional", "--ignore-scripts", "--no-save", "--no-audit", "--no-fund")


@dataclass(frozen=True)
class NpmPackage:
    """A package at a version, in the context's folder `node_modules`."""

    package: str
    version: str

    def describe(self) -> Mapping[str, object]:
        """Return a description of what is fetched, and how. Dependencies have the newest version that fits."""
        return {"npm": self.package, "version": self.version, "options": _OPTIONS}

    def into(self, context: Path, log: Path) -> None:
        """Fetch with the machine's own npm and its settings. Raises ImageError."""
        run(["npm", "install", f"--prefix={context}", *_OPTIONS, f"{self.package}@{self.version}"], log)
