"""Failed, killed and retried runs keep the earlier complete files until new ones are complete."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core.errors import InputError, StorageError
from core.options import OnExisting, Operation
from core.output.manifest import MANIFEST, PARTIAL, Manifest
from core.stores import BULK
from testkit.requires import requires
from tests.worker.sources.loading import DATASET, EVERY_KIND, KEYED
from tests.worker.sources.outputs import ROWS, data_rows, files, load, opened, part, plan_of, prepare, run, verify

_REPLACE = Path.replace


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_failed_run_keeps_earlier_files(folder: Path) -> None:
    run(folder, plan_of(3))
    before = files(folder)
    plan = plan_of(2)
    prepare(folder, plan)
    load(folder, plan, 0)
    with closing(opened(folder, plan, 1)) as source:
        (shard,) = plan.workers[1].shards
        with pytest.raises(ZeroDivisionError), source.sink(plan.data.table(KEYED), shard, BULK) as sink:
            sink.send(sink.encode(DATASET.table(KEYED).batch(30, 10 // turn)) for turn in (1, 0))
    assert {path: content for path, content in files(folder).items() if not path.startswith(PARTIAL)} == before
    # The failed run's files are in a folder of its own, which the next run removes.
    run(folder, plan_of(1))
    assert data_rows(folder) == ROWS
    assert not (folder / PARTIAL).exists()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_retried_worker_replaces_its_own_part(folder: Path, moment: str) -> None:
    """Fail before all parts are complete, or afterwards while verifying."""
    plan = plan_of(3)
    prepare(folder, plan)
    load(folder, plan, 0)
    if moment == "before":
        load(folder, plan, 0, again=True)
    load(folder, plan, 1)
    load(folder, plan, 2)
    if moment == "after":
        load(folder, plan, 1, again=True)
    assert data_rows(folder) == ROWS
    assert len(files(folder)) == 3
    assert not (folder / PARTIAL).exists()
    run(folder, plan_of(2))
    assert data_rows(folder) == ROWS


def test_worker_with_own_folder_publishes_its_parts(tmp_path: Path) -> None:
    """Publish parts as in a pod whose volume is not the one of `prepare`."""
    plan = plan_of(2, tables=[EVERY_KIND, KEYED])
    for index in range(2):
        own = tmp_path / str(index)
        load(own, plan, index)
        shards = plan.workers[index].shards
        assert len(files(own)) == len(shards) == 1


def test_parts_from_outside_stop_the_run(folder: Path) -> None:
    run(folder, plan_of(2))
    before = files(folder)
    plan = plan_of(1)
    prepare(folder, plan)
    (folder / KEYED / "part-mine.csv").write_text("theirs")
    with pytest.raises(InputError, match=r"part-mine\.csv"):
        load(folder, plan, 0)
    assert before.items() < files(folder).items()


def test_interrupted_replacement_is_completed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kill a worker at each step of the replacement; the next run accepts the folder as its own."""
    for stop in range(4):
        run(folder, plan_of(3, on_existing=OnExisting.EMPTY))
        plan = plan_of(2)
        prepare(folder, plan)
        load(folder, plan, 0)
        left = stop

        def killed(path: Path, target: Path) -> Path:
            nonlocal left
            if PARTIAL in path.parts and PARTIAL not in target.parts:
                left -= 1
                if left < 0:
                    raise KeyboardInterrupt
            return _REPLACE(path, target)

        monkeypatch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            load(folder, plan, 1)
        monkeypatch.undo()
        if stop:
            with pytest.raises(InputError, match="only partly replaced"):
                verify(folder, plan_of(1, operation=Operation.VERIFY))
        else:
            assert len(Manifest.model_validate_json((folder / MANIFEST).read_bytes()).files) == 3
        prepare(folder, plan_of(1))
        expected = 2 if stop else 3
        assert len(files(folder)) == expected + 1, "the parts and the marker of the run"
        assert sum(content.count(b"\n") for content in files(folder).values()) == ROWS + 1
        run(folder, plan_of(1))
        assert data_rows(folder) == ROWS


def test_verify_refuses_parts_outside_the_manifest(folder: Path) -> None:
    run(folder, plan_of(2))
    (folder / part(7)).write_bytes((folder / part(30)).read_bytes())
    with pytest.raises(InputError, match=f"holds '{part(7)}', which its {MANIFEST} does not name; move it away"):
        verify(folder, plan_of(1, operation=Operation.VERIFY))
    (folder / part(7)).rename(folder / KEYED / "other.csv")
    assert verify(folder, plan_of(1, operation=Operation.VERIFY)) == (ROWS, ROWS)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 256 KiB."""
    mount = tmp_path / "disk"
    mount.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(mount)], check=False, capture_output=True
    )
    requires(done.returncode == 0, "root", "this user cannot mount a RAM disk")
    yield mount
    subprocess.run(["umount", str(mount)], check=True)


def test_full_file_system_keeps_earlier_files(small_disk: Path) -> None:
    folder = small_disk / "out"
    run(folder, plan_of(2))
    before = files(folder)
    (small_disk / "theirs").write_bytes(bytes(shutil.disk_usage(small_disk).free - (12 << 10)))
    plan = plan_of(1, tables=[EVERY_KIND])
    prepare(folder, plan)
    with pytest.raises(StorageError, match=r"No space left on device; give it more room, or load fewer rows"):
        load(folder, plan, 0)
    assert {path: content for path, content in files(folder).items() if "part-" in path} == before
    (small_disk / "theirs").unlink()
    run(folder, plan_of(1))
    assert data_rows(folder) == ROWS
