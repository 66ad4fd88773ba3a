"""The control group of all pods: one folder per hierarchy, in both versions of control groups."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from contrib.offline.cluster.addresses import CGROUP
from contrib.offline.cluster.errors import ClusterError

_ROOT = Path("/sys/fs/cgroup")
_PATIENCE = 10
"""Seconds within which killed processes must end."""


def make() -> None:
    """Create the folder in each hierarchy, because the kubelet requires it."""
    for hierarchy in _hierarchies():
        (hierarchy / CGROUP).mkdir(exist_ok=True)


def kill() -> None:
    """Kill every process of every pod, and wait until all have ended. Raises ClusterError if one does not end."""
    deadline = time.monotonic() + _PATIENCE
    while left := set(_processes()):
        if time.monotonic() > deadline:
            raise ClusterError(f"processes of pods did not end after SIGKILL: {', '.join(map(str, sorted(left)))}")
        for pid in left:
            _kill(pid)
        time.sleep(0.05)


def remove() -> None:
    """Remove the folder from each hierarchy. Raises OSError if a process is still in it."""
    for group in _groups():
        for folder in sorted(group.rglob("*/"), reverse=True):
            folder.rmdir()
        group.rmdir()


def _hierarchies() -> list[Path]:
    if (_ROOT / "cgroup.controllers").exists():
        return [_ROOT]
    return [folder for folder in _ROOT.iterdir() if (folder / "cgroup.procs").exists() and not folder.is_symlink()]


def _groups() -> list[Path]:
    return [hierarchy / CGROUP for hierarchy in _hierarchies() if (hierarchy / CGROUP).is_dir()]


def _processes() -> Iterator[int]:
    for group in _groups():
        for file in group.rglob("cgroup.procs"):
            # 0 means a process of another PID namespace
            yield from (int(pid) for pid in file.read_text().split() if pid != "0")


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # it was removed in the meantime
