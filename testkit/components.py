"""Components that tests need in addition to Python packages, and the tiers of `make test TIER=...`.

A test names its components by markers: `@pytest.mark.docker`. The check for a component runs once per process, takes at
most a few seconds, and never builds, downloads or starts anything.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from testkit import engine, images

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MARIADB = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin")
ANSWER_SECONDS = 5
"""How long a Docker engine may take to respond before it counts as missing."""
_CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Component:
    """A component that a machine may lack. `missing` returns the reason, or None if the component is complete."""

    name: str
    missing: Callable[[], str | None]
    prepare: str
    """The command that provides it."""


def _docker() -> str | None:
    if shutil.which("docker") is None:
        return "the docker command is not installed"
    try:
        # Before anything else asks it: an engine may be running without responding.
        _answer("docker", "version", "--format={{.Server.Version}}")
    except (TimeoutError, ConnectionError) as error:
        return str(error)
    absent = [images.image(name) for name in images.NAMES if not images.is_present(images.image(name))]
    if absent:
        return f"the images {', '.join(absent)} are not on the Docker engine"
    offline = images.variable(images.PYTHON) in images.prepared()
    if offline and not any((ROOT / "worker" / "wheels").glob("*.whl")):
        return "the worker's wheels are not in worker/wheels"
    return engine.missing("docker")


def _answer(*command: str) -> str:
    """Return the output of the Docker command, or an empty string if the image does not exist."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=ANSWER_SECONDS)
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"the Docker engine did not answer within {ANSWER_SECONDS} s") from None
    if done.returncode != 0 and command[1] == "version":
        raise ConnectionError("no Docker engine answers")
    return done.stdout.strip() if done.returncode == 0 else ""


def _cluster() -> str | None:
    if os.geteuid() != 0:
        return "the test cluster needs root"
    if not (ROOT / "contrib" / "offline").is_dir():
        return "the folder contrib/offline, which starts the test cluster, is missing"
    from contrib.offline.cluster import build
    from contrib.offline.cluster.layout import CACHE

    if not (CACHE.root / build.name()).is_dir():
        return "the test cluster's programs are not in the cache"
    return _docker() or engine.missing("kubernetes")


def _control_groups() -> str | None:
    """Return why control groups cannot be used, or None. They need root and a writable hierarchy."""
    folders = [_CGROUPS, _CGROUPS / "memory"]
    writable = any((folder / "cgroup.procs").exists() and os.access(folder, os.W_OK) for folder in folders)
    return None if writable and os.geteuid() == 0 else "control groups are not writable for this user"


COMPONENTS: Mapping[str, Component] = {
    component.name: component
    for component in (
        Component("engine", engine.missing, "make prepare"),
        Component("docker", _docker, "make prepare TIER=docker"),
        Component("cluster", _cluster, "make prepare TIER=kubernetes"),
        Component("browser", lambda: None if CHROMIUM else "no Chromium is installed", "apt-get install chromium"),
        Component("cgroups", _control_groups, "sudo make test"),
        Component("root", lambda: None if os.geteuid() == 0 else "this user is not root", "sudo make test"),
        Component(
            "mariadb", lambda: None if MARIADB else "no mariadbd is installed", "apt-get install mariadb-server-core"
        ),
        Component("offline", lambda: None if shutil.which("go") else "Go is not installed", "apt-get install golang"),
        Component("long", lambda: None, "nothing"),
        Component("paced", lambda: None, "nothing"),
        Component("campaign", lambda: None, "nothing"),
    )
}
"""All components by the name of their marker.

`offline` marks tests of the tools that build an engine where nothing can be downloaded, `long` tests of several runs of
the real engine, `paced` tests whose outcome depends on the speed of the machine, `campaign` tests of pairs of source and
platform of which the other tiers run a sample.
"""

_LAST = frozenset({"offline", "paced", "campaign"})

TIERS: Mapping[str, frozenset[str]] = {
    "bare": frozenset(COMPONENTS) - {"docker", "cluster", "long"} - _LAST,
    "docker": frozenset(COMPONENTS) - {"cluster"} - _LAST,
    "kubernetes": frozenset(COMPONENTS) - _LAST,
    "all": frozenset(COMPONENTS) - {"campaign"},
    "campaign": frozenset(COMPONENTS),
}
"""The components that each tier includes. A test runs in a tier that includes all of its components."""


@cache
def missing(name: str) -> str | None:
    """Return what is missing of a component, or None. The answer is cached for the life of the process."""
    return COMPONENTS[name].missing()


def tier_with(names: frozenset[str]) -> str:
    """Return the smallest tier that runs tests of these components."""
    return next(tier for tier, included in TIERS.items() if names <= included)
