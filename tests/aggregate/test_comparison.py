import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aggregate import history, totals
from aggregate.__main__ import main
from aggregate.collect import Collected
from aggregate.commands.compare import share
from aggregate.comparison import compare, interval
from aggregate.report import Report
from core.errors import InputError
from core.plan import Limits
from core.results import ExitReason, WorkerResult
from tests.aggregate import runs

WORKERS = 8


def fleet(run: str = "a", *, slow: Sequence[int] = (), noise: float = 1, plan: Any = None, **changes: Any) -> Report:
    """Eight workers of 10,000 rows; the slow ones take twice as long."""
    results = [
        runs.result(
            number,
            rows=10_000,
            seconds=10 * noise * (2 if number in slow else 1),
            run_id=run,
            latency_ms=runs.latency([4.0, 5.0] * 10),
            **changes,
        )
        for number in range(1, WORKERS + 1)
    ]
    chosen = plan or runs.plan(WORKERS, tables=("users",), rows=10_000 * WORKERS, run_id=run)
    return totals.report(Collected(tuple(results), chosen, platform="local", stack="small"))


def test_equal_runs_are_not_a_regression():
    same = compare([fleet("a")], [fleet("b")], 0.05)
    assert same.exit_code == 0
    assert [change.change for change in same.changes] == [0] * len(same.changes)
    assert "no intervals with one run on a side" in same.notes[0]


@pytest.mark.parametrize("slow", range(1, WORKERS + 1))
def test_single_slow_worker_of_eight_is_a_regression(slow):
    found = compare([fleet("a")], [fleet("b", slow=[slow])], 0.05)
    assert found.exit_code == 99
    assert [change.name for change in found.changes if change.regression] == [
        "rows_per_second",
        "wall_clock_rows_per_second",
    ]
    assert [each.name for each in found.workers] == [f"worker-{slow}"]
    assert found.workers[0].change == pytest.approx(-0.5)


def test_noise_of_repeated_runs_is_not_a_regression():
    random = np.random.default_rng(1)
    noisy = [fleet(f"r{number}", noise=float(random.normal(1, 0.02))) for number in range(10)]
    compared = compare(noisy[:5], noisy[5:], 0.05)
    rate = compared.changes[0]
    assert rate.low is not None
    assert rate.high is not None
    assert rate.low < rate.change < rate.high
    assert compared.exit_code == 0
    slower = [fleet(f"s{number}", noise=float(random.normal(1.15, 0.02))) for number in range(5)]
    assert compare(noisy[:5], slower, 0.05).exit_code == 99


def test_drop_is_not_a_regression_if_interval_contains_zero():
    base = [fleet("a", noise=each) for each in (0.5, 1.5)]
    head = [fleet("b", noise=each) for each in (0.55, 1.7)]
    rate = compare(base, head, 0.05).changes[0]
    assert rate.change < -0.05
    assert rate.high is not None
    assert rate.high > 0
    assert not rate.regression


def test_interval_covers_known_change():
    random = np.random.default_rng(7)
    covered = 0
    for _ in range(200):
        low, high = interval(list(random.normal(100, 5, 20)), list(random.normal(90, 5, 20)))
        covered += low <= -0.1 <= high
    assert 180 <= covered <= 198


def test_change_from_zero_has_no_interval():
    def throttled(run: str, milliseconds: float) -> Report:
        report = fleet(run)
        return report.model_copy(update={"totals": report.totals.model_copy(update={"throttled_ms": milliseconds})})

    base, head = [
        [throttled(f"{side}{each}", each) for each in values] for side, values in (("a", (0, 9)), ("b", (6, 3)))
    ]
    (change,) = (each for each in compare(base, head, 0.05).changes if each.name == "throttled_ms")
    assert (change.base, change.head, change.change, change.low, change.high) == (4.5, 4.5, 0, None, None)


def test_bound_applies_to_chosen_metrics():
    slow = fleet("b", phases=runs.result().phases)
    worse = slow.model_copy(update={"latency_ms": slow.latency_ms and slow.latency_ms.model_copy(update={"p99": 9.0})})
    assert compare([fleet("a")], [worse], 0.05).exit_code == 0
    assert compare([fleet("a")], [worse], 0.05, gated=("latency_ms.p99",)).exit_code == 99


def test_gated_metric_that_was_not_measured_is_named():
    apart = [runs.result(n, rows=10_000, seconds=10, delay=20 * n, run_id="b") for n in range(1, WORKERS + 1)]
    plan = runs.plan(WORKERS, tables=("users",), rows=10_000 * WORKERS, run_id="b")
    compared = compare([fleet("a")], [totals.report(Collected(tuple(apart), plan, platform="local"))], 0.05)
    assert "rows_per_second: not compared, because it was not measured in b" in compared.notes
    assert [change.name for change in compared.changes if change.regression] == ["wall_clock_rows_per_second"]


def test_different_plans_are_refused_with_difference():
    other = runs.plan(
        WORKERS,
        tables=("users",),
        rows=80_000,
        batch_size=1000,
        limits=Limits(cpu=1, memory=512 << 20, tmpfs=256 << 20),
    )
    with pytest.raises(InputError) as refused:
        compare([fleet("a")], [fleet("b", plan=other)], 0.05)
    assert "have different plans: batch_size: 500 and 1000; limits.cpu: 0.5 and 1.0; run the same plan" in str(
        refused.value
    )
    compared = compare([fleet("a")], [fleet("b", plan=other)], 0.05, different_plans=True)
    assert compared.exit_code == 0


def test_thresholds_and_run_ids_can_differ():
    judged = runs.plan(WORKERS, tables=("users",), rows=80_000, run_id="b", thresholds=("rows > 1",))
    assert compare([fleet("a")], [fleet("b", plan=judged)], 0.05).exit_code == 0


def test_other_platform_and_missing_plan_are_refused():
    docker = fleet("b").model_copy(update={"platform": "docker"})
    with pytest.raises(InputError, match="platform: local and docker"):
        compare([fleet("a")], [docker], 0.05)
    with pytest.raises(InputError, match="run b: has no plan"):
        compare([fleet("a")], [fleet("b").model_copy(update={"plan": None})], 0.05)


def test_differing_server_settings_are_reported():
    durable = fleet("b", server_settings={"fsync": "on"})
    fast = fleet("a", server_settings={"fsync": "off"})
    assert "server setting fsync: off and on" in compare([fast], [durable], 0.05).notes


@pytest.mark.parametrize(
    "worker",
    [
        pytest.param(runs.failed(1, ExitReason.KILLED, "killed", run_id="b"), id="failed"),
        pytest.param(runs.result(1, rows=10_000, attempt=2, run_id="b"), id="retried"),
    ],
)
def test_failed_and_retried_workers_are_refused(worker: WorkerResult):
    others = [line.result for line in fleet("b").workers[1:] if line.result]
    plan = runs.plan(WORKERS, tables=("users",), rows=80_000, run_id="b")
    broken = totals.report(Collected((worker, *others), plan, platform="local"))
    for sides in (([fleet("a")], [broken]), ([broken], [fleet("a")])):
        with pytest.raises(InputError, match="run b: cannot be compared: worker-1 failed or was restarted"):
            compare(*sides, 0.05, different_plans=True)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    for run, slow in (("a", ()), ("b", ()), ("c", (3,))):
        report = fleet(run, slow=slow)
        results = tuple(line.result for line in report.workers if line.result)
        history.save(Collected(results, report.plan), report, tmp_path)
    return tmp_path


def test_command_accepts_ids_sets_and_formats(saved, capsys):
    assert main(["compare", "a", "b", "--runs", str(saved)]) == 0
    assert "no regression beyond 5%" in capsys.readouterr().out
    assert main(["compare", "a,b", "c,c", "--runs", str(saved), "--output-format", "json"]) == 99
    compared = json.loads(capsys.readouterr().out)
    assert (compared["base"], compared["exit_code"]) == (["a", "b"], 99)
    assert main(["compare", "a", "c", "--runs", str(saved), "--max-regression", "60%"]) == 0
    capsys.readouterr()
    assert main(["compare", "a", "c", "--runs", str(saved), "--output-format", "markdown"]) == 99
    text = capsys.readouterr().out
    assert "| rows_per_second | 8,000 | 7,500 | -6.2% | - | regression |" in text
    assert "worker-3: 1,000 to 500 rows/sec (-50.0%)" in text
    assert "regression beyond 5%: rows_per_second, wall_clock_rows_per_second" in text


def test_max_regression_must_be_between_0_and_1():
    assert (share("5%"), share("0.05"), share("0")) == (0.05, 0.05, 0)
    for text in ("five", "-1%", "101%", "%", "nan"):
        with pytest.raises(InputError, match=r"--max-regression: .* is not a share"):
            share(text)
