"""The kernel's limits for this process: memory limit, CPU quota and throttling, by cgroup v1 or v2.

Source: the kernel's Documentation/admin-guide/cgroup-v1/memory.rst, scheduler/sched-bwc.rst and cgroup-v2.rst.
"""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")
_NO_LIMIT = 1 << 60  # v1 writes "no limit" as the largest multiple of a page


@dataclass(frozen=True, slots=True)
class Throttling:
    """The number of times that the CPU quota stopped the process, and the time in milliseconds."""

    periods: int
    milliseconds: float
    """Summed over the stopped cores, so it can exceed the elapsed time."""

    def since(self, earlier: "Throttling") -> "Throttling":
        """Return the increase since an earlier count."""
        return Throttling(self.periods - earlier.periods, self.milliseconds - earlier.milliseconds)


class Cgroup:
    """The control groups of this process, of version 1 or 2."""

    def __init__(self, root: Path = ROOT, membership: Path = MEMBERSHIP) -> None:
        self._root = root
        self._paths = _paths(membership)

    def memory_limit(self) -> int | None:
        """Return the lowest limit of the group and its parents in bytes, or None without a limit."""
        v1 = self._values("memory", "memory.limit_in_bytes")
        v2 = self._values("", "memory.max")
        limits = [int(text) for text in (*v1, *v2) if text != "max" and int(text) < _NO_LIMIT]
        return min(limits, default=None)

    def memory_usage(self) -> int | None:
        """Return the bytes charged to the group now, including RAM disks."""
        values = self._values("memory", "memory.usage_in_bytes") or self._values("", "memory.current")
        return int(values[0]) if values else None

    def cpu_quota(self) -> tuple[int, int] | None:
        """Return quota and period in microseconds, or None without a limit."""
        quotas = [
            (int(quota), int(period))
            for quota, period in zip(
                self._values("cpu", "cpu.cfs_quota_us"), self._values("cpu", "cpu.cfs_period_us"), strict=True
            )
            if int(quota) > 0
        ]
        pairs = [text.split() for text in self._values("", "cpu.max")]
        quotas += [(int(quota), int(period)) for quota, period in pairs if quota != "max"]
        return min(quotas, key=lambda pair: pair[0] / pair[1], default=None)

    def throttling(self) -> Throttling | None:
        """Return the throttling since the group was created, or None without a CPU controller."""
        texts = self._values("cpu", "cpu.stat") or self._values("", "cpu.stat")
        if not texts:
            return None
        stat = dict(line.split() for line in texts[0].splitlines())
        if "nr_throttled" not in stat:
            return None
        microseconds = int(stat["throttled_usec"]) if "throttled_usec" in stat else int(stat["throttled_time"]) / 1000
        return Throttling(periods=int(stat["nr_throttled"]), milliseconds=microseconds / 1000)

    def _values(self, controller: str, name: str) -> list[str]:
        """Return the text of a file in the process's own group, then in each parent up to the mount."""
        mount = self._root / controller
        group = self._paths.get(controller)
        if group is None:
            return []
        # In a container its own group is the mount itself, while /proc may still show the host's path.
        own = mount / group.lstrip("/")
        folders = [own, *(parent for parent in own.parents if parent.is_relative_to(mount))]
        return [(folder / name).read_text().strip() for folder in dict.fromkeys(folders) if (folder / name).is_file()]


def _paths(membership: Path) -> dict[str, str]:
    """Return the path of each controller, `""` for the unified hierarchy; empty without cgroups."""
    if not membership.is_file():
        return {}
    paths: dict[str, str] = {}
    for line in membership.read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            paths[controller.removeprefix("name=")] = path
    return paths
