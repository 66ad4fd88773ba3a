"""Control groups on file trees of both versions, and in the kernel if this user may create them."""

import subprocess

import pytest

from infra.platforms.local.limits import ROOT, ControlGroup, remove_groups
from testkit.requires import requires


def v1(root):
    """Create a tree of version 1, with the files that the kernel creates in a new group."""
    for group, names in (
        ("memory", ("memory.limit_in_bytes", "cgroup.procs")),
        ("cpu", ("cpu.cfs_quota_us", "cpu.cfs_period_us", "cgroup.procs")),
    ):
        _files(root / group / "loadtest" / "run" / "worker-1", names)
    return root


def v2(root):
    """Create a tree of version 2."""
    (root / "loadtest").mkdir(parents=True)
    for folder in (root, root / "loadtest"):
        _files(folder, ("cgroup.controllers", "cgroup.subtree_control"))
    _files(root / "loadtest" / "run" / "worker-1", ("memory.max", "memory.swap.max", "cpu.max", "cgroup.procs"))
    return root


def _files(folder, names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text("")


def contents(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_cgroup_version_1_files_have_the_limits(tmp_path):
    ControlGroup.create("run/worker-1", 0.5, 512 << 20, v1(tmp_path)).add(42)
    assert contents(tmp_path) == {
        "memory/loadtest/run/worker-1/memory.limit_in_bytes": "536870912",
        "memory/loadtest/run/worker-1/cgroup.procs": "42",
        "cpu/loadtest/run/worker-1/cpu.cfs_period_us": "100000",
        "cpu/loadtest/run/worker-1/cpu.cfs_quota_us": "50000",
        "cpu/loadtest/run/worker-1/cgroup.procs": "42",
    }


def test_cgroup_version_2_files_have_the_limits(tmp_path):
    ControlGroup.create("run/worker-1", 2, 512 << 20, v2(tmp_path)).add(42)
    group = contents(tmp_path / "loadtest" / "run" / "worker-1")
    assert group == {
        "memory.max": "536870912",
        "memory.swap.max": "0",
        "cpu.max": "200000 100000",
        "cgroup.procs": "42",
    }
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+cpu +memory"
    assert (tmp_path / "loadtest" / "cgroup.subtree_control").read_text() == "+cpu +memory"


def test_machine_without_control_groups_has_no_limits(tmp_path):
    file = tmp_path / "a-file"
    file.write_text("")
    group = ControlGroup.create("run/worker-1", 1, 1 << 20, file)
    group.add(42)
    assert group.memory_kills == 0
    assert file.read_text() == ""


@pytest.mark.parametrize(
    ("name", "text"), [("memory.events", "low 0\noom 3\noom_kill 2"), ("memory.oom_control", "under_oom 0\noom_kill 2")]
)
def test_out_of_memory_kills_are_counted(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert ControlGroup([tmp_path]).memory_kills == 2


def test_limits_are_set_in_the_kernel(tmp_path):
    name = f"test-{tmp_path.name.replace('_', '-')}"
    group = ControlGroup.create(f"{name}/worker-1", 0.25, 64 << 20)
    made = [*ROOT.glob(f"loadtest/{name}/worker-1"), *ROOT.glob(f"*/loadtest/{name}/worker-1")]
    try:
        limits = [folder / limit for folder in made for limit in ("memory.max", "memory.limit_in_bytes")]
        found = [limit for limit in limits if limit.is_file()]
        requires(bool(found), "cgroups", "control groups are not writable for this user")
        assert int(found[0].read_text()) == 64 << 20
        with subprocess.Popen(["sleep", "60"]) as process:
            group.add(process.pid)
            assert all(str(process.pid) in (folder / "cgroup.procs").read_text().split() for folder in made)
            process.kill()
    finally:
        remove_groups(name)
    assert not any(folder.exists() or folder.parent.exists() for folder in made)
