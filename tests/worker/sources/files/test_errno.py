"""Errors of the operating system while files are written, each provoked on a real file system: the reason and a remedy."""

import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.errors import StorageError
from core.output.errors import KNOWN
from testkit.other_user import as_other_user
from testkit.requires import requires
from tests.worker.sources.outputs import load, plan_of, prepare, run


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Return a function that mounts a RAM disk with options."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        requires(done.returncode == 0, "root", f"this user cannot mount a RAM disk ({done.stderr.strip()})")
        return folder

    yield mount
    subprocess.run(["umount", str(folder)], check=False, capture_output=True)


@pytest.fixture
def limited() -> Iterator[Callable[[int, int], None]]:
    """Return a function that lowers a limit of this process until the test ends."""
    before: dict[int, tuple[int, int]] = {}

    def lower(kind: int, value: int) -> None:
        before[kind] = resource.getrlimit(kind)
        resource.setrlimit(kind, (value, before[kind][1]))

    yield lower
    for kind, limits in before.items():
        resource.setrlimit(kind, limits)


def refusal(folder: Path) -> str:
    """Return what a run into this folder reports."""
    with pytest.raises(StorageError) as refused:
        run(folder, plan_of(1))
    return str(refused.value)


def test_disk_without_free_inodes(mounted: Callable[[str], Path]) -> None:
    said = refusal(mounted("nr_inodes=4") / "out")
    assert said.endswith("No space left on device; give it more room, or load fewer rows")


def test_read_only_disk(mounted: Callable[[str], Path]) -> None:
    disk = mounted("size=1m")
    prepare(disk / "out", plan_of(1))
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with pytest.raises(StorageError, match=r"Read-only file system; name a writable folder with loadtest:outputDir$"):
        load(disk / "out", plan_of(1), 0)


@pytest.mark.root
def test_folder_of_another_user(mounted: Callable[[str], Path]) -> None:
    disk = mounted("mode=0755")
    (disk / "out").mkdir(mode=0o755)
    said = as_other_user(lambda: refusal(disk / "out"))
    assert said.endswith("Permission denied; give the worker's user the right to write there")


@pytest.mark.parametrize("place", ["n" * 256, "/".join(["n" * 200] * 21)])
def test_name_that_is_too_long(tmp_path: Path, place: str) -> None:
    said = refusal(tmp_path / place)
    assert said.endswith("File name too long; name a shorter folder with loadtest:outputDir")


def test_too_many_open_files(tmp_path: Path, limited: Callable[[int, int], None]) -> None:
    run(tmp_path / "earlier", plan_of(1))  # Imports are files, too.
    free = os.dup(0)
    os.close(free)
    limited(resource.RLIMIT_NOFILE, free)
    said = refusal(tmp_path / "out")
    assert said.endswith("Too many open files; raise the limit of open files (`ulimit -n`), or load with fewer workers")


def test_file_above_limit_of_process(tmp_path: Path, limited: Callable[[int, int], None]) -> None:
    prepare(tmp_path / "out", plan_of(1))
    limited(resource.RLIMIT_FSIZE, 1000)
    with pytest.raises(StorageError, match=r"File too large; raise the limit \(`ulimit -f`\), load with more workers"):
        load(tmp_path / "out", plan_of(1), 0)


def test_links_that_lead_to_each_other(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    said = refusal(tmp_path / "a" / "out")
    assert said.endswith(
        "Too many levels of symbolic links; remove the links, or name another folder with loadtest:outputDir"
    )


def test_file_in_place_of_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = refusal(tmp_path / "file" / "out")
    assert said.endswith("Not a directory; move the file away, or name another folder with loadtest:outputDir")


def test_every_known_errno_has_cause_and_remedy() -> None:
    assert len(KNOWN) > 20
    assert [code for code, entry in KNOWN.items() if not entry.cause or not entry.remedy] == []
