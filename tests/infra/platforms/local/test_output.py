"""A fleet of processes that writes files to `outputDir`."""

from pathlib import Path

import pytest

from core.output.manifest import PARTIAL
from core.plan import LoadPlan
from infra.fleet.orchestrator import Outcome, run_fleet
from infra.platforms.local.runner import LocalHandles, LocalRunner
from tests.infra.configuration import ROOT
from tests.worker.sources.outputs import data_rows, files, plan_of, run


class OneFails(LocalRunner):
    """A runner whose second worker fails."""

    def _command(self, *arguments: str) -> list[str]:
        return ["false"] if arguments[-2:] == ("--index", "1") else super()._command(*arguments)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """A folder with the files of an earlier run of this stack."""
    run(tmp_path / "out", plan_of(3))
    return tmp_path / "out"


def conducted(output: Path, plan: LoadPlan, kind: type[LocalRunner]) -> Outcome:
    folder = output.parent / "stack"
    folder.mkdir(exist_ok=True)
    secrets = {"LOADTEST_CONNECTION_STRING": output.as_uri()}
    return run_fleet(plan, kind(LocalHandles(folder=folder, project=ROOT, stack="mine"), plan, secrets), lambda: True)


def test_failed_run_keeps_earlier_files_until_next_run(output: Path) -> None:
    before = files(output)
    failed = conducted(output, plan_of(2).model_copy(update={"allow_fewer_workers": True}), OneFails)
    assert [result.success for result in failed.results] == [True, False]
    gate, warning = failed.warnings
    assert gate.startswith("1 of 2 workers loaded; not ready: worker-2: failed: exit code 1, no result")
    assert warning.startswith(f"loadtest:outputDir: {str(output)!r} has the files of before")
    assert files(output) == before
    assert conducted(output, plan_of(2), LocalRunner).succeeded
    assert (len(files(output)), data_rows(output)) == (2, 60)
    assert not (output / PARTIAL).exists()


def test_other_file_is_refused_before_workers_start(output: Path) -> None:
    (output / "keyed" / "part-mine.csv").touch()
    before = files(output)
    refused = conducted(output, plan_of(2), LocalRunner)
    assert refused.results == ()
    assert refused.error == (
        f"loadtest:outputDir: {str(output)!r} holds 'keyed/part-mine.csv', which this stack did not write; "
        "name another folder"
    )
    assert files(output) == before
