"""Results of a stack's last update, with the commands of Pulumi replaced by recorded answers."""

import json

import pytest

from aggregate import collect, pulumi_stack
from core.errors import ResultError
from core.results import ExitReason
from tests.aggregate import runs

START = "2026-03-01T10:00:00.000Z"
INTERRUPTED = "the run was interrupted before its end"


def stack(monkeypatch, outputs, fleet=None, result="failed"):
    """Collect from a stack whose last update started at START."""
    resources = [{"type": "pulumi:pulumi:Stack", "outputs": outputs}]
    resources += [{"type": "pulumi-python:dynamic/loadtest:Fleet", "outputs": fleet}] if fleet else []
    answers = {
        "history": [{"result": result, "startTime": START}],
        "export": {"deployment": {"resources": resources}},
    }
    monkeypatch.setattr(pulumi_stack, "read", lambda _name, command, *_rest: json.dumps(answers[command]).encode())
    return collect.from_stack("small")


def fleet(started="2026-03-01T10:00:01+00:00", results=(), error=INTERRUPTED):
    return {
        "platform": "local",
        "plan": runs.plan().model_dump_json(),
        "execution_id": "20260301T100001Z-beef",
        "started_at": started,
        "results": [json.loads(each.model_dump_json()) for each in results],
        "error": error,
    }


def interrupted():
    return runs.failed(1, ExitReason.INTERRUPTED, "asked to stop", rows=10)


def test_interrupted_run_is_read_from_the_state(monkeypatch):
    found = stack(monkeypatch, runs.outputs(runs.three_workers()), fleet(results=[interrupted()]))
    assert [result.exit_reason for result in found.results] == [ExitReason.INTERRUPTED]
    assert (found.execution_id, found.platform) == ("20260301T100001Z-beef", "local")
    assert found.warnings == (INTERRUPTED,)


def test_interrupted_first_run_has_no_outputs(monkeypatch):
    assert len(stack(monkeypatch, {}, fleet(results=[interrupted()])).results) == 1


def test_fleet_of_earlier_update_is_refused(monkeypatch):
    earlier = fleet("2026-03-01T09:59:59+00:00", [interrupted()])
    with pytest.raises(ResultError, match="its last update failed; the results are those of the earlier run 2026"):
        stack(monkeypatch, {}, earlier)


def test_fleet_that_did_not_start_names_the_reason(monkeypatch):
    with pytest.raises(ResultError, match="no results in stack small: the server refused"):
        stack(monkeypatch, {}, fleet(error="the server refused"))


@pytest.mark.parametrize("key", ["startedAt", "failedAt"])
def test_outputs_of_the_failed_update_are_its_own(monkeypatch, key):
    outputs = {**runs.outputs(runs.three_workers()), key: "2026-03-01T10:00:00.1+00:00"}
    assert len(stack(monkeypatch, outputs).results) == 3


def test_outputs_without_time_are_refused_after_failure(monkeypatch):
    with pytest.raises(ResultError, match=r"earlier run run-1; run it first with: \./loadtest up -s small"):
        stack(monkeypatch, runs.outputs(runs.three_workers()))
