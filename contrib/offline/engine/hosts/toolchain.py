"""The Python that runs a project's program: the virtual environment named in Pulumi.yaml, or the one on PATH."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path


class ToolchainError(Exception):
    """The program has no usable Python. The message contains the remedy."""


@dataclass(frozen=True)
class Toolchain:
    """The Python of a project.

    `virtualenv` is an absolute path, or None if Pulumi.yaml does not set it.
    """

    virtualenv: Path | None

    @classmethod
    def of(cls, root: Path, virtualenv: str | None) -> Toolchain:
        """Return the toolchain of the project in `root`. A relative `virtualenv` is relative to it."""
        return cls((root / virtualenv).absolute() if virtualenv else None)

    def python(self) -> str:
        """Return the path of the interpreter. Raises ToolchainError if it is missing."""
        if self.virtualenv is None:
            return base_python()
        python = self.virtualenv / "bin" / "python"
        if not python.exists():
            raise ToolchainError(
                f"runtime.options.virtualenv in Pulumi.yaml: {self.virtualenv} has no bin/python; "
                "create it with `pulumi install`"
            )
        return str(python)

    def environment(self) -> dict[str, str]:
        """Return the environment of this process with the virtual environment activated."""
        environment = dict(os.environ)
        if self.virtualenv is not None:
            environment["VIRTUAL_ENV"] = str(self.virtualenv)
            environment["PATH"] = f"{self.virtualenv / 'bin'}{os.pathsep}{environment.get('PATH', os.defpath)}"
            environment.pop("PYTHONHOME", None)
        return environment


def base_python() -> str:
    """Return $PULUMI_PYTHON_CMD, else python3 or python on PATH. Raises ToolchainError without any of them."""
    wanted = os.environ.get("PULUMI_PYTHON_CMD")
    names = (wanted,) if wanted else ("python3", "python")
    for name in names:
        if found := shutil.which(name):
            return found
    raise ToolchainError(f"no {' or '.join(names)} on PATH; install Python 3.11 or newer")
