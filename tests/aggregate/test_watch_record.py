"""At its end, `watch` prints the report of the run that the stack has recorded, or of what it has seen."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregate import collect, totals
from aggregate.collect import Collected
from aggregate.commands import watch
from aggregate.live.feed import Feed, Snapshot
from aggregate.render.text import report_table
from core.errors import InputError, ResultError, SettingsError
from core.plan import LoadPlan
from core.results import FleetInstants, WorkerResult
from tests.aggregate import runs

RESULTS = tuple(runs.three_workers())
RECORDED = Collected(
    RESULTS,
    runs.plan(),
    stack="small",
    platform="local",
    source="postgresql",
    execution_id="20260301T100000Z-0001",
    schema_name="schemas/shop.yaml",
    instants=FleetInstants(begun=runs.START),
)


class EndedRun:
    """The feed of a run whose workers have ended."""

    def plan(self) -> LoadPlan:
        return runs.plan()

    def snapshots(self) -> list[Snapshot]:
        return [Snapshot(each.worker_id, True, False, None, each) for each in RESULTS]


@pytest.fixture
def arguments(monkeypatch: pytest.MonkeyPatch) -> argparse.Namespace:
    def ended_run(*_: object) -> Feed:
        return EndedRun()

    monkeypatch.setattr(watch, "connect_feed", ended_run)
    monkeypatch.setattr(watch, "INTERVAL_SECONDS", 0.01)
    parser = argparse.ArgumentParser()
    watch.add_arguments(parser)
    return parser.parse_args(["--stack", "small", "--platform", "local"])


def answers(monkeypatch: pytest.MonkeyPatch, *given: Collected | Exception) -> None:
    """Let the stack answer like this, the last answer again and again."""
    waiting: Iterator[Collected | Exception] = iter(given)
    last = [given[-1]]

    def from_stack(_: str) -> Collected:
        answer = next(waiting, last[0])
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(collect, "from_stack", from_stack)


def earlier(result: WorkerResult) -> WorkerResult:
    return result.model_copy(update={"completed_at": runs.START})


def test_watch_ends_with_the_report_of_the_recorded_run(arguments, monkeypatch, capsys):
    before = Collected(tuple(map(earlier, RESULTS)), runs.plan(), stack="small", execution_id="earlier")
    answers(monkeypatch, ResultError("no results"), before, RECORDED)
    assert watch.run(arguments) == 0
    assert capsys.readouterr().out.endswith(report_table(totals.report(RECORDED)))


@pytest.mark.parametrize("refusal", [InputError("no such stack"), ResultError("no results")], ids=["stack", "results"])
def test_watch_reports_what_it_has_seen_without_a_record(arguments, monkeypatch, capsys, refusal):
    monkeypatch.setattr(watch, "RECORDED_SECONDS", 0.05)
    answers(monkeypatch, refusal)
    assert watch.run(arguments) == 0
    output = capsys.readouterr().out
    assert "Load test small: populate postgresql on local, tables users, orders, products" in output
    assert "│ TOTAL    │ 3        │ 150,000 │ 6m 01s*  │ 485.1†   │ ok     │" in output


def test_ctrl_c_while_waiting_for_the_record_stops_watching(arguments, monkeypatch, capsys):
    def interrupted(_: str) -> Collected:
        raise KeyboardInterrupt

    monkeypatch.setattr(collect, "from_stack", interrupted)
    assert watch.run(arguments) == 130
    assert "Stopped watching." in capsys.readouterr().out


def test_unknown_stack_is_refused_before_any_platform_is_asked(monkeypatch):
    def connect(*_: object) -> Feed:
        raise AssertionError("a platform was asked")

    monkeypatch.setattr(watch, "connect_feed", connect)
    parser = argparse.ArgumentParser()
    watch.add_arguments(parser)
    with pytest.raises(SettingsError, match="'typo' does not exist; use one of"):
        watch.run(parser.parse_args(["--stack", "typo"]))


def test_folder_is_reported_without_a_stack(tmp_path: Path, monkeypatch, capsys):
    answers(monkeypatch, AssertionError("a stack was read"))
    (tmp_path / "plan.json").write_text(runs.plan().model_dump_json())
    for result in RESULTS:
        (tmp_path / f"{result.worker_id}.json").write_text(result.model_dump_json())
    parser = argparse.ArgumentParser()
    watch.add_arguments(parser)
    assert watch.run(parser.parse_args(["--results-dir", str(tmp_path)])) == 0
    assert "150,000" in capsys.readouterr().out
