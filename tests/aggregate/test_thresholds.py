import pytest

from aggregate import totals
from aggregate.collect import Collected
from aggregate.render import table
from core.errors import InputError
from core.results import Environment, ExitReason, WorkerResult
from core.thresholds import Metric, parse_thresholds
from tests.aggregate import runs

PLAN = runs.plan(1, tables=("users",))


def measured() -> WorkerResult:
    return runs.result(
        latency_ms=runs.latency([1, 2, 3]),
        verification_report=runs.verified(),
        environment=Environment(cpu_cores=1, memory_mb=1, tmpfs_enabled=False, throttled_ms=3),
    )


def test_every_metric_that_can_be_written_is_measured():
    thresholds = parse_thresholds([f"{metric} >= 0" for metric in Metric])
    judged = totals.report(Collected((measured(),), PLAN), thresholds).thresholds
    assert [each.held for each in judged] == [True] * len(Metric)


def test_the_plans_thresholds_are_judged_over_the_whole_fleet_and_end_in_99():
    plan = runs.plan(thresholds=("rows_per_second >= 485.1", "rows_per_second > 485.1"))
    report = totals.report(Collected(tuple(runs.seed_run()), plan))
    assert [(each.value, each.held) for each in report.thresholds] == [(485.1, True), (485.1, False)]
    assert report.exit_code == 99
    text = table.render(report)
    assert "threshold held: rows_per_second >= 485.1 (485.1)" in text
    assert "threshold failed: rows_per_second > 485.1 (485.1)" in text


def test_what_was_not_measured_does_not_hold():
    bounds = parse_thresholds(["latency_ms.p99 < 40", "verification.missing == 0"])
    report = totals.report(Collected((runs.result(),), PLAN), bounds)
    assert [each.held for each in report.thresholds] == [False, False]
    assert "threshold failed: latency_ms.p99 < 40 (not measured)" in table.render(report)
    assert report.exit_code == 99


def test_a_failed_worker_and_a_difference_come_before_a_threshold():
    bound = parse_thresholds(["failed_workers == 0", "verification.missing == 0"])
    dead = runs.failed(1, ExitReason.FAILED, "lost the server")
    assert totals.report(Collected((dead,), PLAN), bound).exit_code == 1
    differing = runs.result(verification_report=runs.verified(missing=1))
    assert totals.report(Collected((differing,), PLAN), bound).exit_code == 3


def test_a_plan_with_a_threshold_that_cannot_be_read_is_refused():
    with pytest.raises(InputError, match="loadtest:thresholds: 'fast' is no threshold"):
        totals.report(Collected((runs.result(),), runs.plan(1, thresholds=("fast",))))
