"""Find what a stack left on the machine, independently of the code that removes it."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from testkit.docker_command import run_docker
from testkit.session import processes_with

KINDS = ("process", "folder", "mount", "control group", "container", "network", "volume")
"""The kinds of traces. Each trace begins with one of these words."""


def of_stack(stack: str, mark: str, folder: Path, groups: Iterable[str]) -> list[str]:
    """Return processes, folders, mounts, control groups and Docker objects of this stack.

    `mark` is a variable with its value, `groups` are prefixes of the names of control groups.
    """
    variable, _, value = mark.partition("=")
    return [
        *(f"process {line}" for line in processes_with(variable, value)),
        *(f"folder {path}" for path in (folder,) if path.exists()),
        *(f"mount {line}" for line in Path("/proc/self/mounts").read_text().splitlines() if f"{folder}/" in line),
        *(f"control group {group}" for name in groups for group in _groups(name)),
        *in_docker(stack),
    ]


def in_docker(stack: str) -> list[str]:
    """Return the containers, networks and volumes whose name contains the stack's name."""
    if shutil.which("docker") is None:
        return []
    kinds = {
        "container": ("ps", "--all", "--format={{.Names}}"),
        "network": ("network", "ls", "--format={{.Name}}"),
        "volume": ("volume", "ls", "--format={{.Name}}"),
    }
    # Without an engine that responds the output is empty: then there are no containers either.
    names = {kind: run_docker(*command).stdout.splitlines() for kind, command in kinds.items()}
    return [f"{kind} {name}" for kind, found in names.items() for name in found if stack in name]


def _groups(name: str) -> list[Path]:
    """Return control groups of v1 (below each controller) or v2 (below the root)."""
    root = Path("/sys/fs/cgroup")
    return [*root.glob(f"loadtest/{name}*"), *root.glob(f"*/loadtest/{name}*")]
