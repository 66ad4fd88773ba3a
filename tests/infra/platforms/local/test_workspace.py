import os

from infra.pidfile import record_process
from infra.platforms.local.workspace import WorkspacePaths
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
