"""The Pulumi CLI built from Go modules, with the hosts for Python beside it."""

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
# Serves Python programs; it needs a Python that has the Pulumi SDK, the program runs with the project's own.
exec {python} -c 'import runpy, sys; sys.path[0] = sys.argv[1]; runpy.run_module("hosts", run_name="__main__")' \\
    "$(dirname "$0")" "$@"
"""
DYNAMIC_PROVIDER = """\
#!/bin/sh
# Serves a program's dynamic resources with the project's own Python, which the engine names by its folder.
exec "${PULUMI_RUNTIME_VIRTUALENV:+${PULUMI_RUNTIME_VIRTUALENV%/}/bin/}${PULUMI_PYTHON_CMD:-python3}" \\
    -u -m pulumi.dynamic "$@"
"""


def name() -> str:
    """The name of the CLI's folder in the cache."""
    return f"pulumi-{cache.key([MODULE, HOSTS, Path(__file__)], {'pulumi': version('pulumi')})}"


def cached() -> Path | None:
    """The folder of a CLI that was built from exactly these sources, its hosts in working order."""
    folder = CACHE.root / name()
    if not folder.is_dir():
        return None
    launch_language_host(folder)
    return folder


def build() -> Path:
    """The folder of the CLI and its hosts, built when the cache does not hold it.

    Raises MissingToolError without Go, ToolError when the build fails.
    """

    def make(folder: Path) -> None:
        if shutil.which("go") is None:
            raise MissingToolError(
                "neither pulumi nor go is on PATH: install the Pulumi CLI, or Go 1.26 or newer to build it here"
            )
        release = golang.module_version(MODULE, "github.com/pulumi/pulumi/pkg/v3")
        say(progress.building(f"the Pulumi CLI {release}", minutes=4))
        golang.build(MODULE, PACKAGE, folder / "pulumi", {VERSION_VARIABLE: release})
        shutil.copytree(HOSTS, folder / "hosts", ignore=shutil.ignore_patterns("__pycache__"))
        write_script(folder / "pulumi-resource-pulumi-python", DYNAMIC_PROVIDER)
        launch_language_host(folder)

    return CACHE.folder(name(), make)


def launch_language_host(folder: Path) -> None:
    """Let the host run with this Python, unless the one written there earlier still exists."""
    launcher = folder / "pulumi-language-python"
    interpreter = folder / "python"
    if launcher.exists() and os.access(interpreter.read_text().strip(), os.X_OK):
        return
    interpreter.write_text(sys.executable)
    write_script(launcher, LANGUAGE_HOST.format(python=shlex.quote(sys.executable)))


def write_script(path: Path, content: str) -> None:
    """Write an executable script so that nobody ever starts half of one."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_text(content)
    unfinished.chmod(0o755)
    unfinished.rename(path)
