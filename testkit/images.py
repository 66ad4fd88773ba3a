"""The images that the tests run: those of the variables LOADTEST_IMAGE_NAME, else prepared ones, else the official ones.

`python -m testkit.images` prints them, one per line: `python -m testkit.images | xargs -n1 docker pull`.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from core.stores import SOURCES
from core.units import GIB
from infra.databases import specification_of

ROOT = Path(__file__).resolve().parents[1]
SERVERS = tuple(name for name, source in SOURCES.items() if source.needs_server)
PYTHON = "python"
NAMES = (*SERVERS, PYTHON)
"""The sources that have a server, and the base image of the worker."""
PREFIX = "LOADTEST_IMAGE_"
_WAIT_SECONDS = 30


def image(name: str) -> str:
    """Return the image of a source's server, or with `python` the base image of the worker."""
    given = os.environ.get(variable(name)) or prepared().get(variable(name))
    return given or official(name)


def variable(name: str) -> str:
    """Return the environment variable that names the image."""
    return f"{PREFIX}{name.upper()}"


def official(name: str) -> str:
    """Return the image that a stack uses by default."""
    if name == PYTHON:
        project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
        return str(project["config"]["loadtest:workerBaseImage"]["default"])
    return specification_of(name, None, cpu=1, memory=GIB, tmpfs=None).image


@cache
def prepared() -> Mapping[str, str]:
    """Return the images that contrib/offline has built on the local Docker engine, by variable."""
    if not (ROOT / "contrib" / "offline").is_dir() or shutil.which("docker") is None:
        return {}
    command = [sys.executable, "-m", "contrib.offline.images", "--env"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=_WAIT_SECONDS)
    except subprocess.TimeoutExpired:
        return {}
    pairs = (line.removeprefix("export ").partition("=") for line in done.stdout.splitlines())
    return {name: value for name, _, value in pairs}


@cache
def is_present(reference: str) -> bool:
    """Return whether the local Docker engine has the image."""
    command = ["docker", "image", "inspect", "--format={{.Id}}", reference]
    return subprocess.run(command, capture_output=True, check=False, timeout=_WAIT_SECONDS).returncode == 0


if __name__ == "__main__":
    sys.stdout.writelines(f"{image(name)}\n" for name in NAMES)
