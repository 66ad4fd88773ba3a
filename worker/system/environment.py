"""The cores, memory, mounts and cgroup limits of the worker, and which limits of the plan are not enforced."""

import os
import resource
from dataclasses import dataclass
from pathlib import Path

import psutil

from core.plan import Limits
from core.results import Environment
from core.units import MIB, format_size, mebibytes
from worker.system.cgroup import Cgroup, Throttling

_RAM_DISKS = ("tmpfs", "ramfs")


@dataclass(frozen=True, slots=True)
class Mount:
    """The file system of a path; `size` in bytes."""

    path: Path
    file_system: str
    size: int

    @property
    def is_ram_disk(self) -> bool:
        """Whether the file system is in memory."""
        return self.file_system in _RAM_DISKS


def mount_of(path: Path) -> Mount | None:
    """Return the mount of a path, or None if the path does not exist."""
    if not path.exists():
        return None
    real = path.resolve()
    partitions = psutil.disk_partitions(all=True)
    holding = [part for part in partitions if real.is_relative_to(part.mountpoint)]
    # The deepest mount contains the path. Of several mounts at one place, the last one hides the others.
    file_system = max(reversed(holding), key=lambda part: len(Path(part.mountpoint).parts)).fstype
    status = os.statvfs(real)
    return Mount(path, file_system, status.f_blocks * status.f_frsize)


class RuntimeEnvironment:
    """The machine and its limits, as this process sees them."""

    def __init__(self, data: Path, results: Path, cgroup: Cgroup | None = None) -> None:
        self._cgroup = cgroup or Cgroup()
        self._data = mount_of(data)
        self._results = mount_of(results)
        self._before: Throttling | None = None
        self._throttled: Throttling | None = None

    def begin_timing(self) -> None:
        """Count throttling from now on: like the rates, it excludes the start of the interpreter."""
        self._before, self._throttled = self._cgroup.throttling(), None

    def end_timing(self) -> None:
        """Stop counting throttling."""
        self._throttled = self._throttling()

    def measure(self, limits: Limits | None) -> Environment:
        """Return the environment for the result; `limits` are those of the plan, if it has any."""
        memory = psutil.virtual_memory()
        limit, usage, quota = self._cgroup.memory_limit(), self._cgroup.memory_usage(), self._cgroup.cpu_quota()
        available = memory.available if limit is None else min(memory.available, limit - (usage or 0))
        throttling = self._throttled or self._throttling()
        tmpfs = self._data if self._data and self._data.is_ram_disk else None
        return Environment(
            cpu_cores=len(os.sched_getaffinity(0)),
            memory_mb=mebibytes(min(memory.total, limit or memory.total)),
            available_memory_mb=mebibytes(max(available, 0)),
            tmpfs_enabled=tmpfs is not None,
            tmpfs_size_mb=mebibytes(tmpfs.size) if tmpfs else None,
            cgroup_memory_limit=limit,
            cgroup_cpu_quota=f"{quota[0]} {quota[1]}" if quota else None,
            not_enforced=() if limits is None else _not_enforced(limits, limit, quota, tmpfs),
            nr_throttled=throttling.periods if throttling else None,
            throttled_ms=throttling.milliseconds if throttling else None,
        )

    def _throttling(self) -> Throttling | None:
        now = self._cgroup.throttling()
        return now.since(self._before) if now is not None and self._before is not None else now

    def log_text(self, environment: Environment) -> str:
        """Return the environment as text for the log, with a line for each limit that is not enforced."""
        lines = [
            "=== Runtime Environment Verification ===",
            f"CPU cores visible: {environment.cpu_cores}",
            f"Total memory: {environment.memory_mb} MB",
            f"Available memory: {environment.available_memory_mb} MB",
        ]
        for mount in (self._data, self._results):
            if mount is None:
                continue
            lines.append(f"{mount.path}: {mount.file_system} (tmpfs: {str(mount.is_ram_disk).lower()})")
            if mount.is_ram_disk:
                lines.append(f"  tmpfs size: {mebibytes(mount.size)} MB")
        lines.append(f"cgroup memory limit: {environment.cgroup_memory_limit or 'none'}")
        lines.append(f"cgroup CPU quota: {environment.cgroup_cpu_quota or 'none'}")
        lines += [f"NOT ENFORCED: {text}" for text in environment.not_enforced]
        return "\n".join([*lines, "=" * 40])


def _not_enforced(
    limits: Limits, memory: int | None, quota: tuple[int, int] | None, tmpfs: Mount | None
) -> tuple[str, ...]:
    """Return the limits of the plan that this process can exceed."""
    missing: list[str] = []
    if memory is None or memory > limits.memory:
        missing.append(f"memory limit {format_size(limits.memory)}")
    if quota is None or quota[0] / quota[1] > limits.cpu * 1.01:
        missing.append(f"CPU limit {limits.cpu:g}")
    if limits.tmpfs is not None and (tmpfs is None or tmpfs.size > limits.tmpfs + MIB):
        missing.append(f"RAM disk of {format_size(limits.tmpfs)}")
    return tuple(missing)


def peak_memory_mb() -> float:
    """Return the peak resident memory of this program in MiB.

    Linux has VmHWM for it. `ru_maxrss` includes the program that started this one, so it is used elsewhere only.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return round(int(line.split()[1]) / 1024, 1)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
