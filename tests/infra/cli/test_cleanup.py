"""Cleanup lists orphaned resources and removes them with `--yes`; it keeps those of others."""

import gc
import os
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import psutil
import pytest

from core import docker_address
from core.errors import RunError
from core.labels import INSTANCE_LABEL, STACK_LABEL
from core.process import CHECKOUT_VARIABLE
from core.units import MIB
from infra.cli import cleanup
from infra.pidfile import record_process
from infra.platforms.local.limits import ControlGroup, has_groups, mount_ram_disk
from infra.platforms.local.workspace import WorkspacePaths, create_workspace, require_own_folder
from infra.resources.identity import forget_instance, record_instance
from testkit import session
from testkit.images import image
from testkit.requires import requires


@pytest.fixture(autouse=True)
def engine(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide this machine's Docker from tests that are not about Docker."""
    if "docker" not in request.keywords:
        monkeypatch.delenv("DOCKER_HOST", raising=False)
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
        monkeypatch.setattr(docker_address, "_DEFAULT_SOCKET", f"unix://{tmp_path}/no-socket")


@pytest.fixture
def stack(tmp_path: Path) -> str:
    """The name of a stack that has a stack file."""
    name = session.unique("cleanup")
    (tmp_path / f"Pulumi.{name}.yaml").touch()
    return name


@pytest.fixture
def process() -> Iterator["subprocess.Popen[bytes]"]:
    started = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield started
    started.kill()
    started.wait()


def _workspace(project: Path, stack: str, process: "subprocess.Popen[bytes]") -> WorkspacePaths:
    """Return a workspace of a killed engine, with a process, a mount and a control group."""
    paths = create_workspace(project, stack, uuid.uuid4().hex)
    data = paths.workers / "worker-1"
    data.mkdir(parents=True)
    mount_ram_disk(data, MIB)
    record_process(process.pid, paths.process("worker-1"))
    ControlGroup.create(f"{paths.group}/worker-1", 1, 64 * MIB).add(process.pid)
    return paths


def test_workspace_is_only_listed_without_yes(
    tmp_path: Path, stack: str, process: "subprocess.Popen[bytes]", capsys: pytest.CaptureFixture[str]
) -> None:
    paths = _workspace(tmp_path, stack, process)
    assert cleanup.main(["--stack", stack], tmp_path) == 0
    assert f"orphaned: workspace {paths.folder} (stack {stack})" in capsys.readouterr().out
    assert process.poll() is None
    assert paths.folder.is_dir()
    assert cleanup.main(["--stack", stack, "--yes"], tmp_path) == 0


def test_workspace_is_removed_with_processes_and_mounts(
    tmp_path: Path, stack: str, process: "subprocess.Popen[bytes]", capsys: pytest.CaptureFixture[str]
) -> None:
    paths = _workspace(tmp_path, stack, process)
    group = paths.group
    assert cleanup.main(["--stack", stack, "--yes"], tmp_path) == 0
    assert f"removed: workspace {paths.folder}" in capsys.readouterr().out
    assert not (tmp_path / ".loadtest").exists()
    assert str(paths.folder) not in Path("/proc/mounts").read_text()
    assert not has_groups(group)
    assert not psutil.pid_exists(process.pid) or process.wait(timeout=10) != 0
    cleanup.main(["--stack", stack], tmp_path)
    assert capsys.readouterr().out == "no orphaned resources\n"


def test_workspace_of_another_stack_is_kept(tmp_path: Path, stack: str, process: "subprocess.Popen[bytes]") -> None:
    paths = _workspace(tmp_path, stack, process)
    (tmp_path / "Pulumi.another.yaml").touch()
    assert cleanup.main(["--stack", "another", "--yes"], tmp_path) == 0
    assert paths.folder.is_dir()
    assert process.poll() is None
    assert cleanup.main(["--stack", stack, "--yes"], tmp_path) == 0


def _limits_of(paths: WorkspacePaths) -> tuple[bool, bool]:
    """Return whether a workspace has control groups and a RAM disk, which not every user may create."""
    return has_groups(paths.group), str(paths.folder) in Path("/proc/mounts").read_text()


def test_checkouts_with_stack_of_same_name_are_separate(
    tmp_path: Path, stack: str, process: "subprocess.Popen[bytes]", capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, copied = (tmp_path / name for name in ("first", "second", "copied"))
    for project in (first, second, copied):
        project.mkdir()
        (project / f"Pulumi.{stack}.yaml").touch()
    theirs = _workspace(first, stack, process)
    before = _limits_of(theirs)
    shutil.copytree(first, copied, dirs_exist_ok=True)
    (line,) = cleanup_lines(copied, stack, capsys)
    assert (
        line
        == f"not created by this checkout: workspace {copied / '.loadtest' / stack} (stack {stack}); remove it by hand"
    )
    with pytest.raises(RunError, match="was created by another stack"):
        create_workspace(copied, stack, uuid.uuid4().hex)
    with pytest.raises(RunError, match="was created by another stack"):
        require_own_folder(copied, stack, "")  # as a preview does, before there is an instance
    own = create_workspace(second, stack, uuid.uuid4().hex)
    assert own.group != theirs.group
    own.clear()
    assert cleanup_lines(second, stack, capsys) == ["no orphaned resources"]
    assert (theirs.workers / "worker-1.pid").exists()
    assert _limits_of(theirs) == before
    assert process.poll() is None
    assert cleanup.main(["--stack", stack, "--yes"], first) == 0


def cleanup_lines(project: Path, stack: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    assert cleanup.main(["--stack", stack, "--yes"], project) == 0
    return capsys.readouterr().out.splitlines()


def test_control_groups_without_folder_are_removed(
    tmp_path: Path, stack: str, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = create_workspace(tmp_path, stack, uuid.uuid4().hex)
    group = paths.group
    ControlGroup.create(f"{group}/worker-1", 1, 64 * MIB)
    if not has_groups(group):
        requires(False, "cgroups", "control groups are not writable for this user")
    shutil.rmtree(paths.folder)
    assert cleanup.main(["--stack", stack, "--yes"], tmp_path) == 0
    assert f"removed: control group {group}" in capsys.readouterr().out
    assert not has_groups(group)


def test_folder_without_mark_is_kept(tmp_path: Path, stack: str) -> None:
    folder = tmp_path / ".loadtest" / stack
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text("written by the user")
    assert cleanup.main(["--stack", stack, "--yes"], tmp_path) == 0
    assert (folder / "plan.json").read_text() == "written by the user"


@pytest.fixture
def plugin(tmp_path: Path) -> Iterator[Callable[..., psutil.Process]]:
    """Start a process with the name of a plugin below a parent with another name, for a checkout; end both."""
    started: list[subprocess.Popen[str]] = []
    shutil.copy(str(shutil.which("sleep")), tmp_path / "pulumi-resource-docker")

    def start(parent: str, checkout: Path | None = tmp_path, cwd: Path = tmp_path) -> psutil.Process:
        marked = {CHECKOUT_VARIABLE: str(checkout)} if checkout else {}
        if not (tmp_path / parent).exists():
            shutil.copy(str(shutil.which("bash")), tmp_path / parent)
        command = [str(tmp_path / parent), "-c", f"{tmp_path}/pulumi-resource-docker 600 & echo $!; wait"]
        environment = {"PATH": os.environ["PATH"], **marked}
        started.append(subprocess.Popen(command, cwd=cwd, env=environment, stdout=subprocess.PIPE, text=True))
        assert started[-1].stdout is not None
        child = psutil.Process(int(started[-1].stdout.readline()))
        while child.name() != "pulumi-resource-docker":
            time.sleep(0.01)
        return child

    yield start
    for process in started:
        for child in psutil.Process(process.pid).children() if process.poll() is None else []:
            child.kill()
        process.communicate(timeout=10)


def test_orphaned_plugin_of_this_checkout_is_ended(
    tmp_path: Path, stack: str, plugin: Callable[..., psutil.Process], capsys: pytest.CaptureFixture[str]
) -> None:
    served, left = plugin("pulumi"), plugin("init")
    (tmp_path / "project").mkdir()
    foreign = [
        plugin("init", checkout=None),
        plugin("init", checkout=tmp_path / "another"),
        # Started for another project, from a shell with this checkout's variables.
        plugin("init", cwd=tmp_path / "project"),
    ]
    assert cleanup.main(["--stack", stack], tmp_path) == 0
    assert f"orphaned: plugin pulumi-resource-docker {left.pid}\n" in capsys.readouterr().out
    assert cleanup.main(["--stack", stack, "--yes"], tmp_path) == 0
    assert capsys.readouterr().out == f"removed: plugin pulumi-resource-docker {left.pid}\n"
    assert all(process.is_running() for process in (served, *foreign))
    assert not left.is_running()


@pytest.mark.docker
def test_docker_cleanup_removes_labelled_resources_only(
    tmp_path: Path, stack: str, capsys: pytest.CaptureFixture[str]
) -> None:
    client = docker.from_env()
    mark = uuid.uuid4().hex
    record_instance(tmp_path, stack, mark)
    labels = {STACK_LABEL: stack, INSTANCE_LABEL: mark}
    # The labels of a stack of the same name in another checkout.
    other = {STACK_LABEL: stack, INSTANCE_LABEL: uuid.uuid4().hex}
    client.networks.create(stack, labels=labels, internal=True)
    client.volumes.create(stack, labels=labels)
    stays = client.volumes.create(f"{stack}-other", labels=other)
    container = client.containers.run(
        image("python"), ["sleep", "600"], detach=True, labels=labels, name=stack, network=stack,
        volumes={stack: {"bind": "/data"}},
    )  # fmt: skip
    try:
        assert cleanup.main(["--stack", stack], tmp_path) == 0
        output = capsys.readouterr().out
        assert [line.split(" (")[0] for line in output.splitlines()[:-1]] == [
            f"not created by this checkout: volume {stays.name}",
            *(f"orphaned: {kind} {stack}" for kind in ("container", "network", "volume")),
        ]
        container.reload()
        assert container.status == "running"
        assert cleanup.main(["--stack", stack, "--yes"], tmp_path) == 0
        assert client.containers.list(all=True, filters={"label": f"{STACK_LABEL}={stack}"}) == []
        assert client.networks.list(filters={"label": f"{STACK_LABEL}={stack}"}) == []
        assert [each.name for each in client.volumes.list(filters={"name": stack})] == [stays.name]
    finally:
        forget_instance(mark)
        for left in client.containers.list(all=True, filters={"name": stack}):
            left.remove(force=True)
        for network in client.networks.list(names=[stack]):
            network.remove()
        for volume in client.volumes.list(filters={"name": stack}):
            volume.remove()
        client.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # docker leaves its socket open
def test_unreachable_docker_socket_is_a_warning(tmp_path, stack, capsys, monkeypatch):
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))  # a socket without a listener
    monkeypatch.setattr(docker_address, "_DEFAULT_SOCKET", f"unix://{path}")
    monkeypatch.setattr("docker.constants.DEFAULT_UNIX_SOCKET", f"http+unix://{path}")
    paths = create_workspace(tmp_path, stack, uuid.uuid4().hex)
    assert cleanup.main(["--stack", stack, "--yes"], tmp_path) == 0
    assert not paths.folder.exists()
    gc.collect()  # docker's sockets, here and in no later test


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_unreachable_docker_host_fails_after_other_removals(tmp_path, stack, capsys, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    paths = create_workspace(tmp_path, stack, uuid.uuid4().hex)
    assert cleanup.main(["--stack", stack, "--yes"], tmp_path) == 1
    assert not paths.folder.exists()
    gc.collect()  # docker's sockets, here and in no later test
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("warning: no Docker engine answers (")
    assert line.endswith("; its containers were not checked: start Docker or set DOCKER_HOST, and run this again")
