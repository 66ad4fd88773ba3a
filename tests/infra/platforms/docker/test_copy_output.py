"""A container's output is copied completely or not at all, in bounded memory, and only into the folder."""

import os
import shutil
import subprocess
import tarfile
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from core.errors import InputError, RunError, StorageError
from core.options import OnExisting
from core.output.manifest import MANIFEST, Manifest, OutputFile, Run
from core.output.writer import OutputWriter
from core.units import MIB
from infra.platforms.docker.copy_output import copy_output
from testkit.requires import requires
from tests.infra.platforms.docker.archives import INSIDE, archive, container, manifest_of, member

RUN = Run(stack="mine", run_id="run", plan="digest", source="csv")
USERS, ORDERS = "users/part-00000000000000000000.csv", "orders/part-00000000000000000000.csv"
FILES = {USERS: b"id\n1\n" * 9_000, ORDERS: b"id\n2\n"}
MEMBERS = [
    member("data/", type=tarfile.DIRTYPE),
    *(member(f"data/{path}", content) for path, content in FILES.items()),
    member(f"data/{MANIFEST}", b"{}"),
    member("data/.loadtest-partial/users/part-1.csv", b"not complete"),
]


def copy(folder: Path, *members: tuple[tarfile.TarInfo, bytes], on_existing: OnExisting = OnExisting.FAIL) -> bool:
    read = container(archive(*members), manifest_of(FILES))
    return copy_output(read, INSIDE, OutputWriter(folder), RUN, on_existing)


def files(folder: Path) -> dict[str, bytes]:
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    found.pop(MANIFEST, None)
    return found


def test_files_of_the_manifest_are_copied(tmp_path: Path) -> None:
    assert copy(tmp_path / "out", *MEMBERS)
    assert files(tmp_path / "out") == FILES
    manifest = Manifest.model_validate_json((tmp_path / "out" / MANIFEST).read_bytes())
    assert (manifest.stack, manifest.plan, manifest.files.keys()) == ("mine", "digest", FILES.keys())


def test_output_without_a_manifest_is_not_copied(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    copy(folder, *MEMBERS)
    assert not copy_output(container(b"", None), INSIDE, OutputWriter(folder), RUN, OnExisting.FAIL)
    assert files(folder) == FILES


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (MEMBERS[:2], f"{ORDERS}: the container's output does not have this file"),
        (
            [MEMBERS[0], MEMBERS[1], member(f"data/{ORDERS}", b"id\n3\n")],
            f"{ORDERS}: .* differs from what its worker wrote",
        ),
        ([member(f"data/{USERS}", type=tarfile.SYMTYPE, linkname="/etc/passwd")], f"{USERS}: .* no regular file"),
        ([member(f"data/{USERS}", type=tarfile.LNKTYPE, linkname="/etc/passwd")], f"{USERS}: .* no regular file"),
        ([member(f"data/{USERS}", type=tarfile.CHRTYPE)], f"{USERS}: .* no regular file"),
    ],
)
def test_output_unlike_its_manifest_leaves_earlier_files(
    tmp_path: Path, members: list[tuple[tarfile.TarInfo, bytes]], message: str
) -> None:
    folder = tmp_path / "out"
    assert copy(folder, *MEMBERS)
    with pytest.raises(RunError, match=message):
        copy(folder, *members)
    assert files(folder) == FILES


@pytest.mark.parametrize("cut", [700, 20_000])
def test_archive_that_ends_early_leaves_earlier_files(tmp_path: Path, cut: int) -> None:
    folder = tmp_path / "out"
    copy(folder, *MEMBERS)
    read = container(archive(*MEMBERS)[:cut], manifest_of(FILES))
    with pytest.raises(RunError):
        copy_output(read, INSIDE, OutputWriter(folder), RUN, OnExisting.FAIL)
    assert files(folder) == FILES


@pytest.mark.parametrize("name", ["data/../../evil", "/evil", "data//evil", "../evil"])
def test_members_outside_the_folder_are_not_written(tmp_path: Path, name: str) -> None:
    links = [member("data/users", type=tarfile.SYMTYPE, linkname=str(tmp_path)), member(name, b"evil")]
    assert copy(tmp_path / "a" / "out", *links, *MEMBERS)
    assert files(tmp_path / "a" / "out") == FILES
    assert {path.name for path in tmp_path.rglob("*")} >= {"users"}
    assert not list(tmp_path.rglob("evil"))
    assert not Path("/evil").exists()


def test_folder_is_checked_again_before_copying(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    copy(folder, *MEMBERS)
    (folder / "users" / "part-mine.csv").touch()
    with pytest.raises(InputError, match=r"holds 'users/part-mine\.csv', which this stack did not write"):
        copy(folder, *MEMBERS)


def test_memory_does_not_grow_with_the_output(tmp_path: Path) -> None:
    size, block = 48 * MIB, os.urandom(MIB)
    crc32 = 0
    for _ in range(size // MIB):
        crc32 = zlib.crc32(block, crc32)
    file = OutputFile(table="users", rows=1, bytes=size, crc32=crc32, modified_ns=0)
    manifest = Manifest(source="csv", files={USERS: file})
    entry = member(f"data/{USERS}")[0]
    entry.size = size

    def stream() -> Iterator[bytes]:
        yield entry.tobuf()
        for _ in range(size // MIB):
            yield block
        yield bytes(1024)

    def read(path: PurePosixPath) -> Iterator[bytes] | None:
        return stream() if path == INSIDE else iter([archive(member(MANIFEST, manifest.model_dump_json().encode()))])

    tracemalloc.start()
    try:
        assert copy_output(read, INSIDE, OutputWriter(tmp_path / "out"), RUN, OnExisting.FAIL)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (tmp_path / "out" / USERS).stat().st_size == size
    assert peak < 4 * MIB


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    mount = tmp_path / "disk"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(mount)]
    done = subprocess.run(command, check=False, capture_output=True)
    requires(done.returncode == 0, "root", "this user cannot mount a RAM disk")
    yield mount
    subprocess.run(["umount", str(mount)], check=True)


def test_full_file_system_leaves_earlier_files(small_disk: Path) -> None:
    folder = small_disk / "out"
    copy(folder, *MEMBERS)
    (small_disk / "theirs").write_bytes(bytes(shutil.disk_usage(small_disk).free - (24 << 10)))
    with pytest.raises(StorageError, match="No space left on device; give it more room, or load fewer rows"):
        copy(folder, *MEMBERS)
    assert files(folder) == FILES
