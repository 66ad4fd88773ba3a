"""Print how to set up the project if this Python lacks its packages. Needs the standard library only."""

import sys
from collections.abc import Callable

from core.errors import ExitCode

_OWN_PACKAGES = ("cli", "core", "infra", "worker", "aggregate")
_REMEDY = "run `make venv` in the project's folder and use .venv/bin/python"


def run_with_hint(main: Callable[[], int]) -> int:
    """Return the exit code of `main`; if it needs a package that is not installed, print how to set up and return 2.

    `main` must do its imports itself. A missing module of this project is a defect and raises ModuleNotFoundError.
    """
    try:
        return main()
    except ModuleNotFoundError as error:
        name = error.name or ""
        if name.split(".")[0] in _OWN_PACKAGES:
            raise
        sys.stderr.write(f"error: package {name!r} is not installed for {sys.executable}; {_REMEDY}\n")
        return ExitCode.BAD_INPUT
