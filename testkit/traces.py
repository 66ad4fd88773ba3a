"""What a stack leaves on the machine, looked for without asking the code that removes it."""

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from testkit.processes import processes_with

KINDS = ("process", "folder", "mount", "control group", "container", "network", "volume")
"""What a trace is, by the words that it begins with."""


def of_stack(stack: str, mark: str, folder: Path, groups: Iterable[str]) -> list[str]:
    """Processes, folders, mounts, control groups, and all that Docker knows by this stack's name.

    `mark` is a variable with its value, `groups` are the beginnings of the control groups' names.
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
    """Containers, networks and volumes whose name has the stack's in it."""
    if shutil.which("docker") is None:
        return []
    kinds = {
        "container": ("ps", "--all", "--format={{.Names}}"),
        "network": ("network", "ls", "--format={{.Name}}"),
        "volume": ("volume", "ls", "--format={{.Name}}"),
    }
    return [
        f"{kind} {name}" for kind, command in kinds.items() for name in _docker(*command).splitlines() if stack in name
    ]


def _groups(name: str) -> list[Path]:
    """Of either version: below each controller of v1, or below the one root of v2."""
    root = Path("/sys/fs/cgroup")
    return [*root.glob(f"loadtest/{name}*"), *root.glob(f"*/loadtest/{name}*")]


def _docker(*arguments: str) -> str:
    """What docker prints; nothing where no engine answers, which then holds nothing either."""
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False, timeout=60).stdout
