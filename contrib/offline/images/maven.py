"""Jars from a Maven repository, with all their dependencies."""

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from contrib.offline.images.command import run

_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"


@dataclass(frozen=True)
class MavenJars:
    """The run-time dependencies of a POM in the context, as a folder of jars next to it.

    `without` has shell patterns of jars that are left out, such as those for other platforms.
    """

    pom: str
    folder: str
    without: tuple[str, ...] = ()

    def describe(self) -> Mapping[str, object]:
        """Return a description of what is fetched. The POM itself is part of the context."""
        return {"maven": _COPY, "pom": self.pom, "folder": self.folder, "without": self.without}

    def into(self, context: Path, log: Path) -> None:
        """Fetch with the machine's own Maven and its settings. Raises ImageError."""
        jars = context / self.folder
        options = ["--batch-mode", "--no-transfer-progress", "--file", str(context / self.pom)]
        run(["mvn", *options, _COPY, "-DincludeScope=runtime", f"-DoutputDirectory={jars}"], log)
        for jar in list(jars.iterdir()):
            if any(fnmatch.fnmatch(jar.name, pattern) for pattern in self.without):
                jar.unlink()
