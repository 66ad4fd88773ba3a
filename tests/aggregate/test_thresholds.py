import pytest

from aggregate import totals
from aggregate.collect import Collected
from aggregate.render.text import report_table
from core.errors import InputError
from core.metrics import METRICS
from core.results import Environment, ExitReason, WorkerResult
from core.thresholds import parse_thresholds
from tests.aggregate import runs

PLAN = runs.plan(1, tables=("users",))


def measured() -> WorkerResult:
    return runs.result(
        latency_ms=runs.latency([1, 2, 3, 4] * 250),
        verification_report=runs.verified(),
        environment=Environment(cpu_cores=1, memory_mb=1, tmpfs_enabled=False, nr_throttled=1, throttled_ms=3),
    )


def test_every_metric_is_measured():
    thresholds = parse_thresholds([f"{metric} >= 0" for metric in METRICS])
    judged = totals.report(Collected((measured(),), PLAN), thresholds).thresholds
    assert [each.held for each in judged] == [True] * len(METRICS)


def test_failed_threshold_of_plan_exits_with_99():
    plan = runs.plan(thresholds=("rows_per_second >= 485.1", "rows_per_second > 485.1"))
    report = totals.report(Collected(tuple(runs.three_workers()), plan))
    assert [(each.value, each.held) for each in report.thresholds] == [(485.1, True), (485.1, False)]
    assert report.exit_code == 99
    text = report_table(report)
    assert "threshold held: rows_per_second >= 485.1 (485.1)" in text
    assert "threshold failed: rows_per_second > 485.1 (485.1)" in text


def test_unmeasured_metric_fails_threshold():
    bounds = parse_thresholds(["latency_ms.p99 < 40", "verification.missing == 0"])
    report = totals.report(Collected((runs.result(),), PLAN), bounds)
    assert [each.held for each in report.thresholds] == [False, False]
    assert "threshold failed: latency_ms.p99 < 40 (not measured)" in report_table(report)
    assert report.exit_code == 99


def test_exit_code_prefers_failure_to_threshold():
    bound = parse_thresholds(["failed_workers == 0", "verification.missing == 0"])
    dead = runs.failed(1, ExitReason.FAILED, "lost the server")
    assert totals.report(Collected((dead,), PLAN), bound).exit_code == 1
    differing = runs.result(verification_report=runs.verified(missing=1))
    assert totals.report(Collected((differing,), PLAN), bound).exit_code == 3


def test_invalid_threshold_of_plan_is_refused():
    with pytest.raises(InputError, match="loadtest:thresholds: 'fast' is not a threshold"):
        totals.report(Collected((runs.result(),), runs.plan(1, thresholds=("fast",))))
