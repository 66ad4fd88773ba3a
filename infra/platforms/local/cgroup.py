"""Limits for a process of ours, where this machine lets us make a control group: v1 or v2.

Source: the kernel's Documentation/admin-guide/cgroup-v1/memory.rst, scheduler/sched-bwc.rst and cgroup-v2.rst.
"""

import contextlib
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
_PERIOD_MICROSECONDS = 100_000
_PARENT = "loadtest"


class ControlGroup:
    """A group with limits; without the right to make one it holds nothing, and what runs in it is not limited."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders

    @classmethod
    def make(cls, name: str, cpu: float, memory: int, root: Path = ROOT) -> "ControlGroup":
        """Limit what will run in it to `cpu` cores and `memory` bytes, as far as this machine allows."""
        quota = max(int(cpu * _PERIOD_MICROSECONDS), 1000)
        if (root / "cgroup.controllers").is_file():
            limits = {"memory.max": str(memory), "memory.swap.max": "0", "cpu.max": f"{quota} {_PERIOD_MICROSECONDS}"}
            folder = root / _PARENT / name
            _delegate(root, folder)
            return cls(_made([(folder, limits)]))
        cpu_limits = {"cpu.cfs_period_us": str(_PERIOD_MICROSECONDS), "cpu.cfs_quota_us": str(quota)}
        return cls(
            _made(
                [
                    (root / "memory" / _PARENT / name, {"memory.limit_in_bytes": str(memory)}),
                    (root / "cpu" / _PARENT / name, cpu_limits),
                ]
            )
        )

    def add(self, process: int) -> None:
        """Limit a process, and what it starts from now on."""
        for folder in self._folders:
            (folder / "cgroup.procs").write_text(str(process))

    @property
    def memory_kills(self) -> int:
        """How often the kernel killed in it for memory."""
        for folder in self._folders:
            for name in ("memory.events", "memory.oom_control"):
                if (folder / name).is_file():
                    counts = dict(line.split() for line in (folder / name).read_text().splitlines())
                    return int(counts.get("oom_kill", 0))
        return 0

    def remove(self) -> None:
        """Once nothing runs in it."""
        for folder in self._folders:
            _remove(folder)


def has_groups(prefix: str, root: Path = ROOT) -> bool:
    """Whether there is a group of this prefix."""
    return any((root / controller / _PARENT / prefix).is_dir() for controller in ("", "memory", "cpu"))


def remove_groups(prefix: str, root: Path = ROOT) -> None:
    """Remove every group whose name begins with `prefix/`, whoever made it."""
    for controller in ("", "memory", "cpu"):
        parent = root / controller / _PARENT / prefix
        if parent.is_dir():
            for folder in [*(entry for entry in parent.iterdir() if entry.is_dir()), parent]:
                _remove(folder)
            # What is above is shared by all stacks: the last one takes it away.
            with contextlib.suppress(OSError):
                parent.parent.rmdir()


def _remove(folder: Path) -> None:
    """The kernel may need a moment to see that nothing runs in a group any more."""
    for _ in range(50):
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.02)
        else:
            return


def _made(wanted: Sequence[tuple[Path, Mapping[str, str]]]) -> Sequence[Path]:
    """The groups that could be made and limited."""
    made: list[Path] = []
    for folder, limits in wanted:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, value in limits.items():
                if (folder / name).exists():
                    (folder / name).write_text(value)
        except OSError:
            # No right to, or no such controller: the worker's environment block will say "not enforced".
            continue
        if os.access(folder / "cgroup.procs", os.W_OK):
            made.append(folder)
    return made


def _delegate(root: Path, folder: Path) -> None:
    """In v2 every group above hands its controllers on by name."""
    with contextlib.suppress(OSError):
        folder.parent.mkdir(parents=True, exist_ok=True)
        for above in [*reversed(folder.parents)]:
            if above.is_relative_to(root):
                (above / "cgroup.subtree_control").write_text("+cpu +memory")
