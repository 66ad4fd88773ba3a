"""The environment that a worker reports, and the limits that are not enforced."""

from pathlib import Path

import psutil
import pytest

from core.plan import Limits
from core.units import MIB
from worker.system.cgroup import Cgroup
from worker.system.environment import Mount, RuntimeEnvironment, mount_of


def mounted(path: Path) -> Mount:
    """Return the mount of an existing path."""
    mount = mount_of(path)
    assert mount is not None
    return mount


LIMITS = Limits(cpu=0.5, memory=512 * MIB, tmpfs=256 * MIB)


def throttle(folder: Path, periods: int, microseconds: int) -> None:
    """Write the kernel's throttling counters."""
    (folder / "root" / "cpu.stat").write_text(f"nr_throttled {periods}\nthrottled_usec {microseconds}")


@pytest.fixture
def runtime(tmp_path):
    """A function that returns the environment of a process in control groups of version 2."""

    def make(memory="536870912", quota="50000 100000"):
        (tmp_path / "membership").write_text("0::/\n")
        root = tmp_path / "root"
        root.mkdir()
        for name, text in (("memory.max", memory), ("memory.current", "1048576"), ("cpu.max", quota)):
            (root / name).write_text(text)
        throttle(tmp_path, periods=7, microseconds=1500)
        return RuntimeEnvironment(tmp_path, tmp_path / "absent", Cgroup(root, tmp_path / "membership"))

    return make


def test_enforced_limits_are_reported(runtime):
    measured = runtime().measure(Limits(cpu=0.5, memory=512 * MIB, tmpfs=None))
    assert (measured.memory_mb, measured.cgroup_memory_limit) == (512, 512 * MIB)
    assert 0 <= (measured.available_memory_mb or 0) <= 511
    assert measured.cgroup_cpu_quota == "50000 100000"
    assert (measured.nr_throttled, measured.throttled_ms) == (7, 1.5)
    assert measured.not_enforced == ()


def test_throttling_is_counted_only_while_timed(runtime, tmp_path):
    here = runtime()
    here.begin_timing()
    assert (here.measure(None).nr_throttled, here.measure(None).throttled_ms) == (0, 0.0)
    throttle(tmp_path, periods=10, microseconds=4000)
    assert (here.measure(None).nr_throttled, here.measure(None).throttled_ms) == (3, 2.5)
    here.end_timing()
    throttle(tmp_path, periods=90, microseconds=90_000)
    assert (here.measure(None).nr_throttled, here.measure(None).throttled_ms) == (3, 2.5)


def test_tighter_limit_than_plan_is_enforced(runtime):
    measured = runtime(memory="1048576", quota="1000 100000").measure(LIMITS.model_copy(update={"tmpfs": None}))
    assert measured.not_enforced == ()


def test_missing_limits_are_listed(runtime, tmp_path):
    here = runtime(memory="max", quota="max 100000")
    measured = here.measure(LIMITS)
    is_ram_disk = mounted(tmp_path).is_ram_disk
    expected = ("memory limit 512Mi", "CPU limit 0.5", "RAM disk of 256Mi")
    assert measured.not_enforced == expected
    assert measured.tmpfs_enabled == is_ram_disk
    assert measured.memory_mb == psutil.virtual_memory().total // MIB
    assert [line for line in here.log_text(measured).splitlines() if line.startswith("NOT ENFORCED: ")] == [
        f"NOT ENFORCED: {text}" for text in expected
    ]


@pytest.mark.parametrize(("memory", "quota"), [("536870913", "50000 100000"), ("536870912", "60000 100000")])
def test_looser_limit_than_plan_is_not_enforced(runtime, memory, quota):
    measured = runtime(memory=memory, quota=quota).measure(LIMITS.model_copy(update={"tmpfs": None}))
    assert len(measured.not_enforced) == 1


def test_run_without_plan_reports_no_missing_limit(runtime):
    assert runtime(memory="max", quota="max 100000").measure(None).not_enforced == ()


def test_environment_block_lists_measurements(runtime, tmp_path):
    here = runtime()
    measured = here.measure(None)
    lines = here.log_text(measured).splitlines()
    assert lines[0] == "=== Runtime Environment Verification ==="
    assert lines[1] == f"CPU cores visible: {measured.cpu_cores}"
    assert lines[2] == "Total memory: 512 MB"
    assert lines[3] == f"Available memory: {measured.available_memory_mb} MB"
    mount = mounted(tmp_path)
    assert lines[4] == f"{tmp_path}: {mount.file_system} (tmpfs: {str(mount.is_ram_disk).lower()})"
    assert lines[-3:] == ["cgroup memory limit: 536870912", "cgroup CPU quota: 50000 100000", "=" * 40]
    assert "absent" not in "\n".join(lines)


def test_mount_of_path_is_the_deepest():
    assert mounted(Path("/proc/self/status")).file_system == "proc"
    assert mount_of(Path("/nowhere/at/all")) is None
