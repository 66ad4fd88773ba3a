"""Build the Pulumi CLI from Go modules, with the hosts for Python in the same folder."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

from contrib.offline.engine.parts import CACHE, MODULES
from contrib.offline.engine.progress import say
from contrib.offline.parts import cache, golang, progress
from contrib.offline.parts.errors import MissingToolError

MODULE = MODULES / "cli"
HOSTS = Path(__file__).parent / "hosts"
PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"

LANGUAGE_HOST = """\
#!/bin/sh
# Serve Python programs. This Python needs the Pulumi SDK; the program itself runs with the project's Python.
exec {python} -c 'import runpy, sys; sys.path[0] = sys.argv[1]; runpy.run_module("hosts", run_name="__main__")' \\
    "$(dirname "$0")" "$@"
"""
DYNAMIC_PROVIDER = """\
#!/bin/sh
# Serve the dynamic resources of a program with the project's Python. The engine passes the folder of its environment.
exec "${PULUMI_RUNTIME_VIRTUALENV:+${PULUMI_RUNTIME_VIRTUALENV%/}/bin/}${PULUMI_PYTHON_CMD:-python3}" \\
    -u -m pulumi.dynamic "$@"
"""


def name() -> str:
    """Return the name of the CLI's folder in the cache."""
    return f"pulumi-{cache.key([MODULE, HOSTS, Path(__file__)], {'pulumi': version('pulumi')})}"


def cached() -> Path | None:
    """Return the folder of a CLI that was built from these sources; None if the cache lacks it. Repair its launcher."""
    folder = CACHE.root / name()
    if not folder.is_dir():
        return None
    launch_language_host(folder)
    return folder


def build() -> Path:
    """Return the folder of the CLI and its hosts; build them if the cache lacks them.

    Raises MissingToolError without Go, ToolError if the build fails.
    """

    def make(folder: Path) -> None:
        if shutil.which("go") is None:
            raise MissingToolError(
                "neither pulumi nor go is on PATH; install the Pulumi CLI, or Go 1.26 or newer to build it here"
            )
        release = golang.module_version(MODULE, "github.com/pulumi/pulumi/pkg/v3")
        say(progress.building(f"the Pulumi CLI {release}", minutes=4))
        golang.build(MODULE, PACKAGE, folder / "pulumi", {VERSION_VARIABLE: release})
        shutil.copytree(HOSTS, folder / "hosts", ignore=shutil.ignore_patterns("__pycache__"))
        write_script(folder / "pulumi-resource-pulumi-python", DYNAMIC_PROVIDER)
        launch_language_host(folder)

    return CACHE.folder(name(), make)


def launch_language_host(folder: Path) -> None:
    """Write a launcher that runs the host with this Python, unless the Python of the present launcher still exists."""
    launcher = folder / "pulumi-language-python"
    interpreter = folder / "python"
    if launcher.exists() and os.access(interpreter.read_text().strip(), os.X_OK):
        return
    interpreter.write_text(sys.executable)
    write_script(launcher, LANGUAGE_HOST.format(python=shlex.quote(sys.executable)))


def write_script(path: Path, content: str) -> None:
    """Write an executable script atomically."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_text(content)
    unfinished.chmod(0o755)
    unfinished.rename(path)
