from datetime import UTC, datetime

from core.options import Operation
from core.results import ExitReason, Progress, WorkerResult
from core.worker_output import reports_of

PROGRESS = Progress(progress="worker-1", at=datetime(2026, 1, 1, tzinfo=UTC), rows=1, total_rows=2, batches=1, bytes=9)
RESULT = WorkerResult(
    worker_id="worker-1",
    success=True,
    operation=Operation.POPULATE,
    exit_reason=ExitReason.COMPLETED,
    tables_processed=("next\x85line", "line\u2028separator"),
)


def test_newest_report_comes_first():
    lines = ["noise", PROGRESS.model_dump_json(), RESULT.model_dump_json(), ""]
    assert list(reports_of("\n".join(lines))) == [RESULT, PROGRESS]


def test_incomplete_and_other_lines_are_ignored():
    lines = ['{"level": "warning"}', PROGRESS.model_dump_json(), RESULT.model_dump_json()[:-9]]
    assert list(reports_of("\n".join(lines))) == [PROGRESS]


def test_empty_output_has_no_reports():
    assert not list(reports_of(""))
