"""The Python that runs a project's program: the virtual environment named in Pulumi.yaml, or the one on PATH."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path


class ToolchainError(Exception):
    """No usable Python for the program; the message says what to do."""


@dataclass(frozen=True)
class Toolchain:
    """Where a project's Python lives.

    `virtualenv` is absolute, and None when Pulumi.yaml names none.
    """

    virtualenv: Path | None

    @classmethod
    def of(cls, root: Path, virtualenv: str | None) -> Toolchain:
        """The toolchain of the project in `root`; a relative `virtualenv` counts from there."""
        return cls((root / virtualenv).absolute() if virtualenv else None)

    def python(self) -> str:
        """The interpreter's path. Raises ToolchainError when there is none."""
        if self.virtualenv is None:
            return base_python()
        python = self.virtualenv / "bin" / "python"
        if not python.exists():
            raise ToolchainError(
                f"runtime.options.virtualenv in Pulumi.yaml names {self.virtualenv}, which holds no bin/python; "
                "make it with `pulumi install`"
            )
        return str(python)

    def environment(self) -> dict[str, str]:
        """This process's environment with the virtual environment activated in it."""
        environment = dict(os.environ)
        if self.virtualenv is not None:
            environment["VIRTUAL_ENV"] = str(self.virtualenv)
            environment["PATH"] = f"{self.virtualenv / 'bin'}{os.pathsep}{environment.get('PATH', os.defpath)}"
            environment.pop("PYTHONHOME", None)
        return environment


def base_python() -> str:
    """$PULUMI_PYTHON_CMD, else python3 or python from PATH. Raises ToolchainError when there is none."""
    wanted = os.environ.get("PULUMI_PYTHON_CMD")
    names = (wanted,) if wanted else ("python3", "python")
    for name in names:
        if found := shutil.which(name):
            return found
    raise ToolchainError(f"no {' or '.join(names)} on PATH; install Python 3.11 or newer")
