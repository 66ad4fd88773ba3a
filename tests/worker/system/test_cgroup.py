"""Limits from control groups of both versions, with files in place of the kernel's."""

import pytest

from worker.system.cgroup import Cgroup, Throttling


@pytest.fixture
def tree(tmp_path):
    """A function that writes a tree of files and returns the control groups of a process in it."""

    def make(membership, files):
        (tmp_path / "membership").write_text(membership)
        for name, text in files.items():
            file = tmp_path / "root" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text + "\n")
        return Cgroup(tmp_path / "root", tmp_path / "membership")

    return make


V2 = "0::/loadtest/worker-1\n"
V1 = "4:memory:/loadtest/worker-1\n3:cpu,cpuacct:/loadtest/worker-1\n1:name=systemd:/\n0::/\n"
NO_LIMIT = "9223372036854771712"


def test_cgroup_v2_limits_are_read(tree):
    cgroup = tree(
        V2,
        {
            "loadtest/worker-1/memory.max": "536870912",
            "loadtest/worker-1/memory.current": "1048576",
            "loadtest/worker-1/cpu.max": "50000 100000",
            "loadtest/worker-1/cpu.stat": "usage_usec 9\nnr_periods 20\nnr_throttled 7\nthrottled_usec 1500",
        },
    )
    assert cgroup.memory_limit() == 512 << 20
    assert cgroup.memory_usage() == 1 << 20
    assert cgroup.cpu_quota() == (50_000, 100_000)
    assert cgroup.throttling() == Throttling(periods=7, milliseconds=1.5)


def test_cgroup_v1_limits_are_read(tree):
    cgroup = tree(
        V1,
        {
            "memory/loadtest/worker-1/memory.limit_in_bytes": "536870912",
            "memory/loadtest/worker-1/memory.usage_in_bytes": "1048576",
            "memory/memory.limit_in_bytes": NO_LIMIT,
            "cpu/loadtest/worker-1/cpu.cfs_quota_us": "50000",
            "cpu/loadtest/worker-1/cpu.cfs_period_us": "100000",
            "cpu/loadtest/worker-1/cpu.stat": "nr_periods 20\nnr_throttled 7\nthrottled_time 1500000",
            "cpu/cpu.cfs_quota_us": "-1",
            "cpu/cpu.cfs_period_us": "100000",
        },
    )
    assert cgroup.memory_limit() == 512 << 20
    assert cgroup.memory_usage() == 1 << 20
    assert cgroup.cpu_quota() == (50_000, 100_000)
    assert cgroup.throttling() == Throttling(periods=7, milliseconds=1.5)


@pytest.mark.parametrize(
    ("membership", "files"),
    [
        (V2, {"loadtest/worker-1/memory.max": "max", "loadtest/worker-1/cpu.max": "max 100000"}),
        (
            V1,
            {
                "memory/loadtest/worker-1/memory.limit_in_bytes": NO_LIMIT,
                "cpu/loadtest/worker-1/cpu.cfs_quota_us": "-1",
                "cpu/loadtest/worker-1/cpu.cfs_period_us": "100000",
            },
        ),
        ("", {}),
        (V1, {}),
        (V2, {}),
    ],
)
def test_cgroup_without_limit_returns_none(tree, membership, files):
    cgroup = tree(membership, files)
    assert cgroup.memory_limit() is None
    assert cgroup.cpu_quota() is None


def test_machine_without_cgroups_returns_none(tmp_path):
    cgroup = Cgroup(tmp_path / "nothing", tmp_path / "nowhere")
    assert (cgroup.memory_limit(), cgroup.memory_usage(), cgroup.cpu_quota(), cgroup.throttling()) == (None,) * 4


def test_lowest_limit_of_parents_is_used(tree):
    cgroup = tree(
        V2,
        {
            "loadtest/worker-1/memory.max": "800",
            "loadtest/memory.max": "700",
            "memory.max": "900",
            "loadtest/worker-1/cpu.max": "max 100000",
            "loadtest/cpu.max": "100000 50000",
            "cpu.max": "150000 100000",
        },
    )
    assert cgroup.memory_limit() == 700
    assert cgroup.cpu_quota() == (150_000, 100_000)


@pytest.mark.parametrize("prefix", ["", "memory/"])
def test_container_reads_its_group_at_the_mount(tree, prefix):
    name = f"{prefix}memory.limit_in_bytes" if prefix else "memory.max"
    assert tree("4:memory:/docker/0123\n0::/docker/0123\n", {name: "536870912"}).memory_limit() == 512 << 20


def test_statistics_without_throttling_return_none(tree):
    assert tree(V2, {"loadtest/worker-1/cpu.stat": "usage_usec 9\nuser_usec 3"}).throttling() is None
