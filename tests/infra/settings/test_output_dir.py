"""The folder of `outputDir`, and the folders that are refused."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import ExitCode, InputError
from core.options import OnExisting
from infra.cli import plan as command
from infra.planner import plan_of
from infra.settings.output_dir import check_output, output_path
from testkit.requires import requires
from tests.infra.configuration import ROOT, settings


def checked(project: Path, stack: str = "mine", **given: Any) -> None:
    read = settings(**{"source": "csv", **given})
    check_output(read, project, stack, plan_of(read, ROOT))


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("out", "project/out"),
        ("out/", "project/out"),
        ("./a/../out//", "project/out"),
        ("../out", "out"),
        ("~/out", "home/out"),
        ("~", "home"),
    ],
)
def test_path_is_relative_to_project_or_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, path: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert output_path(settings(outputDir=given), tmp_path / "project") == tmp_path / path
    assert output_path(settings(outputDir=str(tmp_path / path)), Path("/elsewhere")) == tmp_path / path


def test_home_of_unknown_user_is_refused() -> None:
    with pytest.raises(InputError, match=r"^loadtest:outputDir: '~no-such-user/x' cannot be read \(.*; write"):
        output_path(settings(outputDir="~no-such-user/x"), ROOT)


def test_existing_files_in_output_dir_are_kept_by_default() -> None:
    assert plan_of(settings(source="csv", outputDir="out"), ROOT).on_existing is OnExisting.FAIL
    assert plan_of(settings(source="csv"), ROOT).on_existing is OnExisting.EMPTY
    assert plan_of(settings(source="csv", outputDir="out", onExisting="empty"), ROOT).on_existing is OnExisting.EMPTY


@pytest.mark.parametrize("platform", ["local", "docker"])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("file", r"'.*/file' is a file; name a folder"),
        ("file/out", r"'.*/file/out' is a file \(its part '.*/file'\); name a folder"),
        (".loadtest/mine/x", "'.loadtest/mine/x' is in a folder that `destroy` removes; name a folder outside"),
        ("theirs", r"'.*/theirs' holds 'part-1', which this stack did not write; name another folder"),
    ],
)
def test_unusable_folder_is_refused_in_the_plan(tmp_path: Path, platform: str, given: str, message: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "part-1").touch()
    with pytest.raises(InputError, match=f"^loadtest:outputDir: {message}") as refused:
        checked(tmp_path, outputDir=given, platform=platform)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / ".loadtest").exists()


def test_missing_folder_is_accepted_unless_it_is_verified(tmp_path: Path) -> None:
    checked(tmp_path, outputDir="a/b/c")
    assert not (tmp_path / "a").exists()
    with pytest.raises(InputError, match=r"^loadtest:outputDir: 'a/b' does not exist; name the folder to verify"):
        checked(tmp_path, outputDir="a/b", operation="verify")


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder that this user cannot write to; for root, on a read-only file system."""
    folder = tmp_path / "read-only"
    folder.mkdir(mode=0o555)
    if os.access(folder, os.W_OK):
        command = ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(folder)]
        done = subprocess.run(command, check=False, capture_output=True)
        requires(done.returncode == 0, "root", "this user cannot mount a RAM disk")
        yield folder
        subprocess.run(["umount", str(folder)], check=True)
    else:
        yield folder


@pytest.mark.parametrize("below", ["", "new"])
def test_read_only_folder_is_refused(read_only: Path, below: str) -> None:
    with pytest.raises(InputError, match=r"cannot be written to.*; allow this user to write there"):
        checked(ROOT, outputDir=str(read_only / below))


def test_plan_command_refuses_with_bad_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    (tmp_path / "notes.txt").touch()
    arguments = ["--stack", "small", "-c", "source=csv", "-c", f"outputDir={tmp_path}"]
    assert command.main(arguments) == ExitCode.BAD_INPUT
    assert capsys.readouterr().err == (
        f"error: loadtest:outputDir: {str(tmp_path)!r} holds 'notes.txt', which this stack did not write; "
        "name another folder, or set loadtest:onExisting to empty\n"
    )
    assert command.main([*arguments, "-c", "onExisting=empty"]) == ExitCode.OK
