"""Limits for processes, as far as this user may set them: control groups of version 1 or 2, and RAM disks.

Source: the kernel's Documentation/admin-guide/cgroup-v1/memory.rst, scheduler/sched-bwc.rst and cgroup-v2.rst.
"""

import contextlib
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
_PERIOD_MICROSECONDS = 100_000
_PARENT = "loadtest"


class ControlGroup:
    """A control group with limits. If no group could be created, it has no folders and limits nothing."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders

    @classmethod
    def create(cls, name: str, cpu: float, memory: int, root: Path = ROOT) -> "ControlGroup":
        """Create a group of at most `cpu` cores and `memory` bytes, as far as this machine allows."""
        quota = max(int(cpu * _PERIOD_MICROSECONDS), 1000)
        if (root / "cgroup.controllers").is_file():
            limits = {"memory.max": str(memory), "memory.swap.max": "0", "cpu.max": f"{quota} {_PERIOD_MICROSECONDS}"}
            folder = root / _PARENT / name
            _delegate(root, folder)
            return cls(_create_groups([(folder, limits)]))
        cpu_limits = {"cpu.cfs_period_us": str(_PERIOD_MICROSECONDS), "cpu.cfs_quota_us": str(quota)}
        return cls(
            _create_groups(
                [
                    (root / "memory" / _PARENT / name, {"memory.limit_in_bytes": str(memory)}),
                    (root / "cpu" / _PARENT / name, cpu_limits),
                ]
            )
        )

    def add(self, process: int) -> None:
        """Limit a process and its future children."""
        for folder in self._folders:
            (folder / "cgroup.procs").write_text(str(process))

    @property
    def memory_kills(self) -> int:
        """The number of processes in the group that the kernel killed for memory."""
        for folder in self._folders:
            for name in ("memory.events", "memory.oom_control"):
                if (folder / name).is_file():
                    counts = dict(line.split() for line in (folder / name).read_text().splitlines())
                    return int(counts.get("oom_kill", 0))
        return 0

    def remove(self) -> None:
        """Remove the group, in which no process may be running."""
        for folder in self._folders:
            _remove(folder)


def has_groups(prefix: str, root: Path = ROOT) -> bool:
    """Return whether a group with this prefix exists."""
    return any((root / controller / _PARENT / prefix).is_dir() for controller in ("", "memory", "cpu"))


def remove_groups(prefix: str, root: Path = ROOT) -> None:
    """Remove every group whose name begins with `prefix/`."""
    for controller in ("", "memory", "cpu"):
        parent = root / controller / _PARENT / prefix
        if parent.is_dir():
            for folder in [*(entry for entry in parent.iterdir() if entry.is_dir()), parent]:
                _remove(folder)
            # All stacks share the folder above; it can be removed once it is empty.
            with contextlib.suppress(OSError):
                parent.parent.rmdir()


def mount_ram_disk(folder: Path, size: int, owner: int | None = None) -> bool:
    """Mount `size` bytes of memory on a folder; return whether that succeeded. If not, the folder stays on disk."""
    options = f"size={size},mode=0700,nosuid,nodev" + (f",uid={owner},gid={owner}" if owner is not None else "")
    return _succeeds(["mount", "-t", "tmpfs", "-o", options, "loadtest", str(folder)])


def unmount_below(folder: Path) -> None:
    """Unmount everything that is mounted below a folder, the innermost first."""
    mounts = [Path(line.split()[1].replace("\\040", " ")) for line in Path("/proc/mounts").read_text().splitlines()]
    below = [path for path in mounts if path.is_relative_to(folder)]
    for path in sorted(below, key=lambda path: len(path.parts), reverse=True):
        if not _succeeds(["umount", str(path)]):
            # Still busy: detached now, and unmounted when its last user ends.
            _succeeds(["umount", "--lazy", str(path)])


def _succeeds(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _remove(folder: Path) -> None:
    # A group stays busy for a moment after its last process has ended.
    for _ in range(50):
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.02)
        else:
            return


def _create_groups(wanted: Sequence[tuple[Path, Mapping[str, str]]]) -> Sequence[Path]:
    """Return the groups that could be created and limited."""
    created: list[Path] = []
    for folder, limits in wanted:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, value in limits.items():
                if (folder / name).exists():
                    (folder / name).write_text(value)
        except OSError:
            # No permission, or no such controller: the worker then reports its limits as not enforced.
            continue
        if os.access(folder / "cgroup.procs", os.W_OK):
            created.append(folder)
    return created


def _delegate(root: Path, folder: Path) -> None:
    """Enable the controllers in every group above, which version 2 requires."""
    with contextlib.suppress(OSError):
        folder.parent.mkdir(parents=True, exist_ok=True)
        for above in [*reversed(folder.parents)]:
            if above.is_relative_to(root):
                (above / "cgroup.subtree_control").write_text("+cpu +memory")
