import json
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from aggregate import history, totals
from aggregate.__main__ import main
from aggregate.collect import Collected, from_folder, from_text
from aggregate.report import Report
from core.errors import InputError
from core.results import ExitReason
from tests.aggregate import runs


def save(
    folder: Path, run: str, *, stack: str = "small", day: int = 0, dead: bool = False, keep: int = 50, id_: str = ""
) -> Report:
    shift = timedelta(days=day)
    results = [
        each.model_copy(
            update={"run_id": run, "started_at": runs.START + shift, "completed_at": runs.START + shift * 2}
        )
        for each in runs.three_workers()
    ]
    if dead:
        results[2] = runs.failed(3, ExitReason.KILLED, "killed", run_id=run, started_at=runs.START + shift)
    collected = Collected(tuple(results), runs.plan(run_id=run), stack=stack, platform="local")
    collected = replace(collected, execution_id=id_ or None)
    report = totals.report(collected)
    history.save(collected, report, folder, keep)
    return report


def test_saved_run_has_plan_results_and_report(tmp_path):
    report = save(tmp_path, "a")
    folder = tmp_path / "small" / "a"
    assert {file.name for file in folder.iterdir()} == {"plan.json", "results.json", "report.json"}
    assert history.read(folder / "report.json") == report
    for again in (from_text((folder / "results.json").read_bytes()), from_folder(folder)):
        assert totals.report(again) == report.model_copy(update={"stack": None})
    assert json.loads((folder / "plan.json").read_text())["run_id"] == "a"


def test_saved_run_started_when_its_report_says(tmp_path):
    report = save(tmp_path, "a", day=1)
    assert report.timeline is not None
    moved = report.timeline.model_copy(update={"origin": runs.START - timedelta(hours=1)})
    file = tmp_path / "small" / "a" / "report.json"
    file.write_text(report.model_copy(update={"timeline": moved}).model_dump_json())
    (saved,) = history.saved_runs(tmp_path)
    assert saved.started_at == runs.START - timedelta(hours=1)


def test_last_saved_is_the_report_that_was_written_last(tmp_path):
    assert history.last_saved("small", tmp_path) is None
    for run, day in (("new", 5), ("old", 0)):
        save(tmp_path, run, day=day)
    save(tmp_path, "other", stack="large")
    last = history.last_saved("small", tmp_path)
    assert last is not None
    assert last.report.run_id == "old"


def test_find_accepts_ids_latest_previous_and_files(tmp_path):
    for day, run in enumerate(("c", "b", "a")):
        save(tmp_path, run, day=day)
    save(tmp_path, "a", stack="large", day=9)
    assert [run.name for run in history.saved_runs(tmp_path)] == ["small/c", "small/b", "small/a", "large/a"]
    assert history.find("latest", tmp_path).stack == "large"
    assert history.find("latest", tmp_path, "small").run_id == "a"
    assert history.find("previous", tmp_path, "small").run_id == "b"
    assert history.find("small/previous", tmp_path).run_id == "b"
    assert history.find("large/a", tmp_path).stack == "large"
    assert history.find("c", tmp_path).run_id == "c"
    assert history.find(str(tmp_path / "small" / "c" / "report.json"), tmp_path).run_id == "c"
    with pytest.raises(InputError, match="run: 'a' is a run of several stacks; use one of small/a, large/a"):
        history.find("a", tmp_path)
    with pytest.raises(InputError, match="run: 'x' is neither a report file nor a saved run"):
        history.find("x", tmp_path)
    with pytest.raises(InputError, match="run: 'large/previous' does not exist: 1 runs are saved"):
        history.find("large/previous", tmp_path)


def test_same_run_is_saved_once(tmp_path):
    save(tmp_path, "a")
    save(tmp_path, "a")
    assert len(history.saved_runs(tmp_path)) == 1


def test_plan_that_ran_twice_has_two_entries(tmp_path, capsys):
    for day, id_ in enumerate(("20260301T100000Z-ffff", "20260302T100000Z-0000")):
        save(tmp_path, "run-a", day=day, id_=id_)
    saved = [run.name for run in history.saved_runs(tmp_path)]
    assert saved == ["small/20260301T100000Z-ffff", "small/20260302T100000Z-0000"]
    newest = "20260302T100000Z-0000"
    assert [history.find(name, tmp_path).name for name in ("run-a", "small", "latest", newest)] == [newest] * 4
    assert history.find("previous", tmp_path).name == "20260301T100000Z-ffff"
    runs_folder = ("--runs", str(tmp_path))
    assert main(["compare", "previous", "latest", *runs_folder]) == 0
    assert newest in capsys.readouterr().out
    main(["history", *runs_folder])
    assert capsys.readouterr().out.count("run-a") == 2


def test_history_keeps_newest_runs_of_each_stack(tmp_path):
    save(tmp_path, "other", stack="large")
    save(tmp_path, "a", day=0)
    (tmp_path / "small" / "a" / "notes.txt").write_text("kept")
    for day, run in enumerate(("b", "c", "d"), 1):
        save(tmp_path, run, day=day, keep=2)
    assert [run.name for run in history.saved_runs(tmp_path)] == ["large/other", "small/c", "small/d"]
    assert not (tmp_path / "small" / "b").exists()
    assert [file.name for file in (tmp_path / "small" / "a").iterdir()] == ["notes.txt"]


def test_unreadable_saved_run_does_not_stop_the_next_report(tmp_path):
    broken = tmp_path / "small" / "broken" / "report.json"
    broken.parent.mkdir(parents=True)
    broken.write_text('{"version": 1}')
    os.utime(broken, (0, 0))
    save(tmp_path, "a", day=1)
    assert broken.exists()
    save(tmp_path, "b", day=2, keep=2)
    assert not broken.parent.exists()
    assert [run.name for run in history.saved_runs(tmp_path)] == ["small/a", "small/b"]


@pytest.mark.parametrize("run", ["../../etc", "", "a/b", ".hidden", "a\nb"])
def test_run_id_cannot_leave_folder(tmp_path, run):
    with pytest.raises(InputError, match=r"run id: .* is not a valid folder name"):
        save(tmp_path / "runs", run)
    assert not list(tmp_path.iterdir())


def test_history_lists_runs_with_outcome(tmp_path, capsys):
    save(tmp_path, "good")
    save(tmp_path, "bad", day=1, dead=True)
    assert main(["history", "--runs", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines[3:-1]] == ["small/good", "small/bad"]
    assert "485.1" in lines[3]
    assert "2 of 3" in lines[4]
    assert "workers failed" in lines[4]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"version": 0}', "is a report of version 0, not 1; create it again"),
        ("[]", "is not a report"),
        ("{", "cannot be read as JSON"),
        ('{"version": 1}', "run_id: field required"),
    ],
)
def test_invalid_report_file_is_one_line(tmp_path, text, words):
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(InputError) as refused:
        history.find(str(tmp_path / "r.json"), tmp_path)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
