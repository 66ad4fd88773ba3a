"""A program built from a Go module."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from contrib.offline.images.command import run
from contrib.offline.parts import golang

_FLAGS = ("-trimpath", "-ldflags=-s -w")


@dataclass(frozen=True)
class GoProgram:
    """The main package of a Go module at a version, as a static executable in the context, named after its last part."""

    package: str
    version: str

    def describe(self) -> Mapping[str, object]:
        """Return a description of what is built, and how."""
        return {"go": self.package, "version": self.version, "flags": _FLAGS}

    def into(self, context: Path, log: Path) -> None:
        """Build it with the machine's own Go and its caches, which takes minutes if they are empty. Raises ImageError."""
        environment = golang.build_environment() | {"GOBIN": str(context)}
        run(["go", "install", *_FLAGS, f"{self.package}@{self.version}"], log, environment=environment)
