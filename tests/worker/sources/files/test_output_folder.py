"""Output folders: a run replaces its own files; it refuses other files and names them."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import InputError
from core.options import OnExisting, Operation
from core.output.manifest import MANIFEST, PARTIAL, Manifest
from core.output.writer import OutputWriter
from core.plan import LoadPlan
from tests.worker.sources.loading import EVERY_KIND, KEYED
from tests.worker.sources.outputs import ROWS, data_rows, files, load, part, plan_of, prepare, run, verify


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.mark.parametrize("before", [1, 3, 5])
@pytest.mark.parametrize("after", [1, 2])
def test_run_with_fewer_workers_removes_extra_parts(folder: Path, before: int, after: int) -> None:
    run(folder, plan_of(before))
    run(folder, plan_of(after))
    assert data_rows(folder) == ROWS
    assert verify(folder, plan_of(3, operation=Operation.VERIFY)) == (ROWS, ROWS)
    assert len(files(folder)) == after


def test_run_in_another_format_replaces_first_files(folder: Path) -> None:
    run(folder, plan_of(2))
    run(folder, plan_of(2, "jsonl"))
    assert {Path(path).suffix for path in files(folder)} == {".jsonl"}
    assert verify(folder, plan_of(1, "jsonl", operation=Operation.VERIFY)) == (ROWS, ROWS)


def test_run_of_other_tables_replaces_first_files(folder: Path) -> None:
    run(folder, plan_of(tables=[EVERY_KIND, KEYED]))
    run(folder, plan_of(tables=[KEYED]))
    assert list(files(folder)) == [part(0)]
    assert not (folder / EVERY_KIND).exists()


def test_manifest_names_stack_run_and_files(folder: Path) -> None:
    plan = plan_of(2)
    run(folder, plan)
    manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    assert (manifest.stack, manifest.run_id, manifest.plan, manifest.source) == ("mine", "run", plan.digest(), "csv")
    assert {path: (file.rows, file.bytes) for path, file in manifest.files.items()} == {
        path: (content.count(b"\n") - path.endswith("0" * 20 + ".csv"), len(content))
        for path, content in files(folder).items()
    }
    assert not (folder / PARTIAL).exists()


FOREIGN = [part(7), f"{KEYED}/part-mine.csv", f"{KEYED}/notes.txt", "notes.txt", "other/part-1.csv"]


@pytest.mark.parametrize("foreign", FOREIGN)
@pytest.mark.parametrize("earlier", [True, False])
def test_default_refuses_files_of_other_owners(folder: Path, foreign: str, earlier: bool) -> None:
    if earlier:
        run(folder, plan_of(2))
    (folder / foreign).parent.mkdir(parents=True, exist_ok=True)
    (folder / foreign).write_text("theirs")
    before = files(folder)
    shown = foreign if earlier and foreign.startswith(KEYED) else foreign.partition("/")[0]
    with pytest.raises(InputError) as refused:
        prepare(folder, plan_of(1))
    assert f"loadtest:outputDir: {str(folder)!r} holds " in str(refused.value)
    assert repr(shown) in str(refused.value)
    assert refused.value.exit_code == 2
    assert "\n" not in str(refused.value)
    assert files(folder) == before


@pytest.mark.parametrize("on_existing", [OnExisting.EMPTY, OnExisting.APPEND])
@pytest.mark.parametrize("foreign", FOREIGN)
def test_empty_and_append_refuse_only_conflicting_files(folder: Path, foreign: str, on_existing: OnExisting) -> None:
    (folder / foreign).parent.mkdir(parents=True)
    (folder / foreign).write_text("theirs")
    plan = plan_of(1, on_existing=on_existing)
    if "keyed/part-" in foreign:
        with pytest.raises(
            InputError, match=f"holds '{foreign}', which this stack did not write; name another folder$"
        ):
            prepare(folder, plan)
        assert files(folder) == {foreign: b"theirs"}
    else:
        run(folder, plan)
        assert files(folder).keys() == {foreign, part(0)}
        assert (folder / foreign).read_text() == "theirs"


def test_changed_file_is_replaced_only_with_empty(folder: Path) -> None:
    run(folder, plan_of(1))
    whole = (folder / part(0)).read_bytes()
    (folder / part(0)).write_bytes(whole.replace(b"row", b"wor"))
    with pytest.raises(InputError, match=f"has '{part(0)}', which changed after Loadtest wrote it"):
        prepare(folder, plan_of(2))
    assert b"wor" in (folder / part(0)).read_bytes()
    run(folder, plan_of(1, on_existing=OnExisting.EMPTY))
    assert (folder / part(0)).read_bytes() == whole


def test_copied_folder_counts_as_unchanged(folder: Path) -> None:
    run(folder, plan_of(3))
    for path in files(folder):
        os.utime(folder / path, (1, 1))
    run(folder, plan_of(1))
    assert data_rows(folder) == ROWS


@pytest.mark.parametrize("on_existing", OnExisting)
def test_folder_of_another_stack_is_refused_with_its_name(folder: Path, on_existing: OnExisting) -> None:
    run(folder, plan_of(2))
    before = files(folder)
    with pytest.raises(
        InputError, match=r"holds the files of stack 'mine' \(run run\); name another folder with outputDir"
    ):
        prepare(folder, plan_of(1, "jsonl", on_existing=on_existing), "other")
    assert files(folder) == before


@pytest.mark.parametrize("on_existing", OnExisting)
def test_second_stack_is_refused_while_the_first_one_writes(folder: Path, on_existing: OnExisting) -> None:
    plan = plan_of(2)
    prepare(folder, plan)
    load(folder, plan, 0)
    with pytest.raises(InputError, match=r"has partial files of stack 'mine' \(run run\); name another folder, or"):
        prepare(folder, plan_of(1, on_existing=on_existing), "other")
    load(folder, plan, 1)
    assert data_rows(folder) == ROWS


def test_append_adds_tables_and_refuses_existing_ones(folder: Path) -> None:
    run(folder, plan_of(2))
    before = files(folder)
    run(folder, plan_of(tables=[EVERY_KIND], on_existing=OnExisting.APPEND))
    assert before.items() < files(folder).items()
    with pytest.raises(InputError, match=r"already has files of 'keyed', but loadtest:onExisting is append"):
        prepare(folder, plan_of(1, on_existing=OnExisting.APPEND))
    run(folder, plan_of(1, "jsonl", on_existing=OnExisting.APPEND))
    assert len(files(folder)) == 4


@pytest.mark.parametrize("text", ["", "{}", "theirs", '{"version": 1, "source": "csv", "files": {"../x": {}}}'])
def test_manifest_of_other_program_is_refused(folder: Path, text: str) -> None:
    folder.mkdir()
    (folder / MANIFEST).write_text(text)
    with pytest.raises(InputError, match=f"contains a {MANIFEST} that is not a valid manifest; move it away"):
        prepare(folder, plan_of(1, on_existing=OnExisting.EMPTY))
    assert (folder / MANIFEST).read_text() == text


@pytest.mark.parametrize("path", ["../../elsewhere/part-1.csv", "/part-1.csv", "../part-1.csv", "keyed/../part-1", "x"])
def test_manifest_with_outside_path_is_refused(folder: Path, path: str) -> None:
    run(folder, plan_of(1))
    manifest = (folder / MANIFEST).read_text()
    (folder / MANIFEST).write_text(manifest.replace(part(0), path))
    with pytest.raises(InputError, match="not a valid manifest"):
        prepare(folder, plan_of(1))


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_partial_folder_of_other_program_is_refused(folder: Path, tmp_path: Path, kind: str) -> None:
    folder.mkdir()
    place = folder / PARTIAL
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "file").touch()
    if kind == "file":
        place.touch()
    elif kind == "folder":
        place.mkdir()
        (place / "theirs").touch()
    else:
        place.symlink_to(tmp_path / "theirs")
    for on_existing in OnExisting:
        with pytest.raises(InputError, match=f"holds '{PARTIAL}', which this stack did not write"):
            prepare(folder, plan_of(1, on_existing=on_existing))
    assert not OutputWriter(folder).discard(_run_of(plan_of(1)))
    assert (tmp_path / "theirs" / "file").exists()


def _run_of(plan: LoadPlan) -> Manifest:
    return Manifest(stack="mine", run_id="run", plan=plan.digest(), source="csv", files={})


@pytest.mark.parametrize("make", [lambda path: path.touch(), lambda path: path.symlink_to("nowhere")])
def test_file_named_like_table_folder_is_refused(folder: Path, make: Callable[[Path], None]) -> None:
    folder.mkdir()
    make(folder / KEYED)
    for on_existing in OnExisting:
        with pytest.raises(InputError, match=f"holds '{KEYED}', which this stack did not write"):
            prepare(folder, plan_of(1, on_existing=on_existing))
