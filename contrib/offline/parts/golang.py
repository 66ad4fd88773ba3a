"""Build a program from a Go module in this repository.

Each go.sum has exactly what its build needs, so that nothing is looked up. `go list -deps` with an empty go.sum and
GOFLAGS=-mod=mod writes it again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from contrib.offline.parts.errors import MissingToolError, ToolError

COLLECTOR_PERCENT = "400"
"""The GOGC of the compiler. With four times the default of 100 it collects garbage less often, in more memory."""


def build_environment(*flags: str) -> dict[str, str]:
    """Return the variables for go: its flags, static binaries, and a compiler that spends little time.

    The linker removes debugging information (`-s -w`), so none is compiled. That and the rarer collection save a third of the
    compiler's time. One set of compiler flags lets all builds share Go's cache.
    """
    goflags = " ".join([*flags, "-gcflags=all=-dwarf=false"])
    return {"GOGC": COLLECTOR_PERCENT, **os.environ, "GOFLAGS": goflags, "CGO_ENABLED": "0"}


def build(module: Path, package: str, output: Path, variables: Mapping[str, str]) -> None:
    """Compile `package` in the folder `module` into the file `output`.

    `variables` sets Go string variables by their full name. Raise MissingToolError without Go, ToolError if the build
    fails.
    """
    flags = " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in variables.items())])
    go(module, "build", "-ldflags", flags, "-o", str(output), package)


def module_folder(module: Path, path: str) -> Path:
    """Return the folder with the sources of the module `path` that `module` requires; download them if necessary."""
    go(module, "mod", "download", path)
    return Path(go(module, "list", "-m", "-f", "{{.Dir}}", path).strip())


def module_version(module: Path, path: str) -> str:
    """Return the version of the module `path` that `module` pins, with its leading v."""
    return go(module, "list", "-m", "-f", "{{.Version}}", path).strip()


def copy_of(module: Path, scratch: Path) -> Path:
    """Return a writable copy of a module's folder inside `scratch`."""
    return Path(shutil.copytree(module, Path(tempfile.mkdtemp(dir=scratch)) / module.name))


def go(module: Path, *arguments: str) -> str:
    """Run the go command in `module` and return its standard output."""
    command = shutil.which("go")
    if command is None:
        raise MissingToolError("go is not on PATH; install Go 1.26 or newer")
    # The user's workspace file and vendoring flags concern other modules. Without this machine's paths and this
    # clone's commit the binaries are reproducible.
    environment = build_environment("-mod=readonly", "-trimpath", "-buildvcs=false") | {"GOWORK": "off"}
    result = subprocess.run(
        [command, *arguments], cwd=module, env=environment, capture_output=True, text=True, check=False
    )
    if result.returncode:
        last = [line for line in result.stderr.splitlines() if not line.startswith("go: downloading")][-5:]
        raise ToolError(f"`go {arguments[0]}` failed in {module}: {'; '.join(last)}")
    return result.stdout
