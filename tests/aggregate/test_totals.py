from datetime import timedelta
from typing import Any

import pytest

from aggregate import totals
from aggregate.collect import Collected
from aggregate.report import Report, Status
from core.errors import InputError
from core.options import Operation
from core.plan import LoadPlan
from core.results import Environment, ExitReason, Latency, Metrics, ShardResult, WorkerResult
from tests.aggregate import runs


def report(*results: WorkerResult, plan: LoadPlan | None = None, **known: Any) -> Report:
    return totals.report(Collected(tuple(results), plan, **known))


def test_totals_have_sum_of_rates_and_wall_clock_rate():
    early, late = runs.result(1, seconds=10, rows=1000), runs.result(2, seconds=10, rows=1000, delay=2)
    sums = report(early, late).totals
    assert (sums.rows_per_second, sums.duration_ms, sums.start_spread_ms) == (200, 10_000, 2000)
    assert (sums.wall_clock_ms, sums.wall_clock_rows_per_second) == (12_000, 166.7)
    assert (sums.peak_concurrency, sums.mean_concurrency) == (2, 1.7)


def test_workers_one_after_the_other_have_no_sum_of_rates():
    fleet = report(
        *(runs.result(n, seconds=10, rows=1000, delay=30 * n) for n in (1, 2, 3)), plan=runs.plan(3, rows=1000)
    )
    sums = fleet.totals
    assert (sums.rows_per_second, sums.wall_clock_ms, sums.wall_clock_rows_per_second) == (None, 70_000, 42.9)
    assert (sums.peak_concurrency, sums.mean_concurrency) == (1, 0.4)
    assert fleet.warnings[0].startswith("workers did not run together: all 3 worked at the same time for 0.0 s; their")


def test_start_spread_is_that_of_the_timeline():
    assert report(runs.result(1), runs.result(2, delay=3), start_spread_ms=0.0).totals.start_spread_ms == 3000


def test_start_spread_of_platform_is_for_workers_without_start():
    dead = [runs.failed(n, ExitReason.KILLED, "killed", started_at=None) for n in (1, 2)]
    assert report(*dead, start_spread_ms=812.4).totals.start_spread_ms == 812


def test_sum_of_rates_is_rounded_once():
    results = [
        runs.result(number, metrics=Metrics(rows_processed=1, duration_ms=25_000, rows_per_second=0.04))
        for number in range(1, 11)
    ]
    assert report(*results).totals.rows_per_second == 0.4


def test_retried_worker_counts_rows_but_not_rate():
    whole, again = runs.result(1, seconds=10, rows=1000), runs.result(2, seconds=10, rows=1000, attempt=2)
    fleet = report(whole, again)
    assert fleet.workers[1].status is Status.RETRIED
    assert (fleet.totals.rows, fleet.totals.rows_per_second, fleet.totals.retried_workers) == (2000, 100, 1)
    assert "worker-2: restarted after a failure; not included in the fleet's rows/sec" in fleet.warnings
    assert fleet.exit_code == 0


@pytest.mark.parametrize("reason", [each for each in ExitReason if each is not ExitReason.COMPLETED])
def test_exit_reason_becomes_status(reason):
    fleet = report(runs.result(1), runs.failed(2, reason, "it died"))
    assert fleet.workers[1].status.value == reason.value
    assert fleet.totals.failed_workers == 1
    assert fleet.exit_code == 1


def test_reason_without_error_is_exit_code():
    fleet = report(runs.failed(1, ExitReason.KILLED, "", errors=()))
    assert fleet.workers[0].reason == "exit code 137"


@pytest.mark.parametrize(
    ("last", "status"),
    [
        (runs.result(3), Status.RETRIED),
        (runs.result(3, verification_report=runs.verified(missing=1)), Status.DIFFERS),
        (runs.failed(3, ExitReason.OOM_KILLED, "killed"), Status.OOM_KILLED),
    ],
    ids=["retried", "differs", "killed"],
)
def test_status_of_totals_is_the_worst(last, status):
    fleet = report(runs.result(1), runs.result(2, attempt=2), last)
    assert fleet.totals.status is status


def test_verification_does_not_slow_the_rate_down():
    both = runs.result(
        seconds=10,
        rows=1000,
        operation=Operation.POPULATE_AND_VERIFY,
        completed_at=runs.START + timedelta(seconds=40),
        verification_report=runs.verified(),
    )
    sums = report(both).totals
    assert (sums.wall_clock_ms, sums.wall_clock_rows_per_second, sums.run_ms) == (10_000, 100, 40_000)


def test_success_with_too_few_rows_is_failure():
    fleet = report(runs.result(1, rows=9_000), plan=runs.plan(1, tables=("users",), rows=10_000))
    assert fleet.workers[0].reason == "acknowledged 9,000 of 10,000 rows"
    assert fleet.exit_code == 1


def test_exit_code_prefers_failure_to_difference():
    differing = runs.result(1, verification_report=runs.verified(missing=2, extra=1), success=False, exit_code=3)
    fleet = report(differing)
    assert (fleet.workers[0].status, fleet.exit_code) == (Status.DIFFERS, 3)
    assert fleet.verification is not None
    assert (fleet.verification.missing, fleet.verification.extra) == (2, 1)
    assert report(differing, runs.failed(2, ExitReason.FAILED, "lost the server")).exit_code == 1
    assert report(runs.result(1, verification_report=runs.verified())).exit_code == 0


def test_verification_of_two_workers_is_summed_per_table():
    parts = [runs.result(n, verification_report=runs.verified(missing=n), operation=Operation.VERIFY) for n in (1, 2)]
    fleet = report(*parts)
    assert fleet.verification is not None
    assert [(each.table, each.expected, each.missing) for each in fleet.verification.tables] == [("users", 100_000, 3)]


def test_percentiles_cover_batches_of_all_workers():
    fast, slow = [1.0] * 99, [100.0]
    fleet = report(
        runs.result(1, latency_ms=runs.latency(fast)),
        runs.result(2, latency_ms=runs.latency(slow, batch_size=1000)),
        runs.result(3),
    )
    latency = fleet.latency_ms
    assert latency is not None
    assert (latency.p50, latency.p99, latency.batches, latency.workers) == (1.0, 1.0, 100, 2)
    assert latency.max == pytest.approx(100, rel=1e-3)
    assert latency.batch_sizes == (500, 1000)
    assert sum(each.batches for each in fleet.latency_histogram) == 100
    assert "worker-3: no latency histogram; the percentiles cover the other workers only" in fleet.warnings


@pytest.mark.parametrize(
    ("batches", "measured"),
    [(9, "p50"), (10, "p50 p90"), (99, "p50 p90"), (100, "p50 p90 p99"), (999, "p50 p90 p99"), (1000, "p50 p90 p99 p999")],
)  # fmt: skip
def test_percentile_needs_enough_batches(batches, measured):
    fleet = report(runs.result(latency_ms=runs.latency([1.0] * batches)))
    assert fleet.latency_ms is not None
    figures = fleet.latency_ms.model_dump(include={"p50", "p90", "p99", "p999"}, exclude_none=True)
    assert [*figures] == measured.split()


def test_threshold_on_percentile_of_few_batches_fails():
    few = runs.result(rows=150_000, latency_ms=runs.latency([1.0] * 60))
    fleet = report(few, plan=runs.plan(1, thresholds=("latency_ms.p999 < 40",)))
    assert [(each.value, each.held) for each in fleet.thresholds] == [(None, False)]
    assert fleet.exit_code == 99


def test_rows_per_batch_are_those_of_the_shards():
    shard = ShardResult(table="users", first_row=0, rows=10, rows_processed=10)
    tiny = [
        runs.result(n, rows=10, latency_ms=runs.latency([1.0], batch_size=1_000_000), shards=(shard,))
        for n in (1, 2, 3)
    ]
    latency = report(*tiny).latency_ms
    assert latency is not None
    assert (latency.batches, latency.rows, latency.batch_sizes) == (3, 30, (10,))


def test_percentiles_need_a_histogram():
    bare = Latency(p50=1, p90=2, p99=3, p999=4, max=5, batch_size=500)
    fleet = report(runs.result(1, latency_ms=bare))
    assert fleet.latency_ms is None
    assert not fleet.latency_histogram


@pytest.mark.parametrize("encoded", ["zz", "HISTFAAAADx4", "SElTVA==", "?"])
def test_invalid_histogram_is_bad_input(encoded):
    broken = Latency(p50=1, p90=2, p99=3, p999=4, max=5, batch_size=500, histogram=encoded)
    with pytest.raises(InputError, match=r"worker-1: latency_ms\.histogram cannot be decoded"):
        report(runs.result(1, latency_ms=broken))


def test_throttling_is_summed():
    throttled = Environment(cpu_cores=1, memory_mb=1, tmpfs_enabled=False, nr_throttled=5, throttled_ms=1500.25)
    sums = report(runs.result(1, environment=throttled), runs.result(2, environment=throttled), runs.result(3)).totals
    assert (sums.nr_throttled, sums.throttled_ms) == (10, 3000.5)


def test_missing_plan_is_a_warning():
    assert report(runs.result(1)).warnings[-1].startswith("no plan with the results")


def test_workers_are_in_order_of_plan_or_number():
    shuffled = [runs.result(number) for number in (10, 2, 1)]
    assert [line.worker_id for line in report(*shuffled).workers] == ["worker-1", "worker-2", "worker-10"]
    planned = report(*(runs.result(number, rows=75_000) for number in (2, 1)), plan=runs.plan(2))
    assert [line.worker_id for line in planned.workers] == ["worker-1", "worker-2"]
