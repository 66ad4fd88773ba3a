import os
import tempfile

import pytest

from core.errors import RunError
from infra.pidfile import record_process
from infra.platforms.local.server_user import ServerUser
from infra.platforms.local.workspace import (
    WorkspacePaths,
    WorkspaceProvider,
    clear_outside,
    create_workspace,
    require_own_folder,
)
from tests.infra.processes import SLEEP, ended


def test_clear_ends_processes_and_removes_folder(tmp_path, start_process):
    paths = WorkspacePaths(tmp_path / "stack")
    paths.workers.mkdir(parents=True)
    process = start_process(SLEEP)
    record_process(process.pid, paths.workers / "worker-1.pid")
    (paths.workers / "worker-1.out").write_text("output")
    paths.clear()
    assert ended(process)
    assert list(tmp_path.iterdir()) == []
    paths.clear()


def test_clear_removes_folder_behind_a_link(tmp_path):
    (tmp_path / "disk" / "stack").mkdir(parents=True)
    (tmp_path / "disk" / "of the user").touch()
    (tmp_path / "stack").symlink_to(tmp_path / "disk" / "stack")
    WorkspacePaths(tmp_path / "stack").clear()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["disk", "of the user"]


def test_clear_removes_server_home_with_matching_mark_only(tmp_path, start_process):
    paths = WorkspacePaths(tmp_path / "stack")
    home, unmarked, of_another = (tmp_path / name for name in ("home", "loadtest-unmarked", "loadtest-of-another"))
    for server, place in enumerate((home, unmarked, of_another)):
        (paths.folder / str(server)).mkdir(parents=True)
        (paths.folder / str(server) / "elsewhere").write_text(f"{place}\nmark of {server}")
        place.mkdir()
    (home / ".loadtest-home").write_text("mark of 0")
    (of_another / ".loadtest-home").write_text("another mark")
    process = start_process(SLEEP, cwd=home)
    paths.clear()
    assert ended(process)
    assert {path.name for path in tmp_path.iterdir()} == {"loadtest-unmarked", "loadtest-of-another"}


def test_workspaces_of_same_name_have_different_groups(tmp_path):
    one, other = (WorkspacePaths(tmp_path / project / "small").group for project in ("a", "b"))
    assert one != other
    assert one.startswith("small-")
    assert os.sep not in one


def _home(folder, mark):
    folder.mkdir()
    (folder / ".loadtest-home").write_text(mark)
    os.chown(folder, ServerUser.choose().uid or -1, -1)
    return folder


def test_server_of_removed_folder_is_found_by_its_mark(tmp_path, monkeypatch, start_process):
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    own = _home(tmp_path / "loadtest-own", "small-12:34")
    others = [_home(tmp_path / f"loadtest-{n}", mark) for n, mark in enumerate(("small-1:34", "", "small-123:4"))]
    (tmp_path / "loadtest-link").symlink_to(_home(tmp_path / "users", "small-12:34"))
    process, other = start_process(SLEEP, cwd=own), start_process(SLEEP, cwd=others[0])
    clear_outside(tmp_path / "project", "small", "12")
    assert ended(process)
    assert other.poll() is None
    assert not own.exists()
    assert all(each.exists() for each in (*others, tmp_path / "users"))


def test_clear_outside_ends_processes_of_removed_folder(tmp_path, start_process):
    folder = tmp_path / ".loadtest" / "small"
    folder.mkdir(parents=True)
    process = start_process(SLEEP, cwd=folder)
    clear_outside(tmp_path, "small", "12")
    assert process.poll() is None
    folder.rmdir()
    clear_outside(tmp_path, "small", "12")
    assert ended(process)


def test_workspace_is_lost_without_folder_or_mark(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    props = {"stack": "small", "instance": "12"}
    provider = WorkspaceProvider()
    assert provider.find_lost(props) == ".loadtest/small no longer exists"
    paths = create_workspace(tmp_path, "small", "12")
    assert provider.find_lost(props) == ""
    (paths.folder / "instance").write_text("13")
    assert provider.find_lost(props) == ".loadtest/small no longer exists"
    with pytest.raises(RunError, match="was created by another stack named small"):
        require_own_folder(tmp_path, "small", "12")
    (paths.folder / "instance").unlink()
    with pytest.raises(RunError, match=r"was not created by Loadtest; move it to another place$"):
        require_own_folder(tmp_path, "small", "12")
