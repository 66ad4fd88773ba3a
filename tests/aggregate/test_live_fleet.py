"""The state of a fleet, updated by snapshots, with a clock that the test sets."""

import io
from datetime import timedelta

import pytest
from rich.console import Console

from aggregate.live.display import PlainOutput, Screen, sparkline
from aggregate.live.feed import Snapshot, parse_output
from aggregate.live.fleet import Fleet, State
from core.options import Operation
from core.plan import LoadPlan
from core.results import ExitReason, Progress, WorkerResult
from tests.aggregate import runs


def progress(number: int, seconds: float, rows: int, total: int = 10_000) -> Progress:
    return Progress(
        progress=f"worker-{number}",
        at=runs.START + timedelta(seconds=seconds),
        rows=rows,
        total_rows=total,
        batches=rows // 500,
        bytes=rows * 50,
        p99_ms=4.5,
        memory_mb=100,
    )


def seen(
    number: int, last: Progress | None = None, result: WorkerResult | None = None, *, running: bool = True
) -> Snapshot:
    return Snapshot(f"worker-{number}", True, running and result is None, last, result, 512 << 20)


def expecting(plan: LoadPlan) -> Fleet:
    fleet = Fleet()
    fleet.expect(plan)
    return fleet


def one(rows: int = 10_000) -> Fleet:
    return expecting(runs.plan(1, tables=("users",), rows=rows))


def test_planned_worker_is_waiting_until_it_exists():
    fleet = expecting(runs.plan(2))
    fleet.update([seen(2)], 0)
    assert [worker.state for worker in fleet.workers.values()] == [State.WAITING, State.RUNNING]
    fleet.update([seen(1), seen(2)], 1)
    assert [worker.state for worker in fleet.workers.values()] == [State.RUNNING, State.RUNNING]


def test_plan_that_arrives_late_keeps_known_workers():
    fleet = Fleet()
    fleet.update([seen(2, progress(2, 0, 500))], 0)
    assert list(fleet.workers) == ["worker-2"]
    fleet.expect(runs.plan(2))
    fleet.update([seen(2, progress(2, 0, 500))], 1)
    assert fleet.counts() == {State.WAITING: 1, State.RUNNING: 1}
    assert (list(fleet.workers), fleet.rows) == (["worker-1", "worker-2"], 500)


def test_created_container_is_a_waiting_worker():
    fleet = one()
    fleet.update([Snapshot("worker-1", started=False, running=False)], 0)
    fleet.update([Snapshot("worker-1", started=False, running=False)], 60)
    assert fleet.workers["worker-1"].state is State.WAITING
    assert not fleet.over


def test_rate_covers_last_five_seconds():
    fleet = one(100_000)
    for second, rows in enumerate([0, 100, 200, 300, 400, 500, 600, 5600, 10_600, 15_600, 20_600, 25_600]):
        fleet.update([seen(1, progress(1, second, rows, 100_000))], second)
    worker = fleet.workers["worker-1"]
    assert worker.rate == 5000
    assert fleet.rate == 5000
    assert fleet.seconds_left == (100_000 - 25_600) / 5000
    assert (worker.memory_mb, worker.memory_limit_mb, worker.p99_ms) == (100, 512, 4.5)


def verifying(number: int, seconds: float, compared: int) -> Progress:
    return progress(number, seconds, 10_000).model_copy(update={"phase": "verify", "compared_rows": compared})


def loads_and_verifies(workers: int = 1) -> Fleet:
    tables = runs.TABLES[:workers]
    return expecting(runs.plan(workers, tables=tables, rows=10_000, operation=Operation.POPULATE_AND_VERIFY))


def left_of(fleet: Fleet) -> float | None:
    return fleet.seconds_left


def test_time_left_of_loading_is_named_in_run_that_verifies():
    fleet = loads_and_verifies()
    for second, rows in enumerate([0, 2_500, 5_000]):
        fleet.update([seen(1, progress(1, second, rows))], second)
    assert fleet.seconds_left == 2
    assert fleet.loads
    assert "5,000 of 10,000 rows  2.00s left of loading  1 running" in drawn(fleet)


def test_verification_has_progress_rate_and_time_left():
    fleet = loads_and_verifies()
    fleet.update([seen(1, progress(1, 0, 0))], 0)
    fleet.update([seen(1, progress(1, 1, 10_000))], 1)
    assert left_of(fleet) is None, "all rows are loaded, and no rate of comparing is known yet"
    for second, compared in [(2, 0), (3, 1_000), (4, 2_000)]:
        fleet.update([seen(1, verifying(1, second, compared))], second)
    worker = fleet.workers["worker-1"]
    assert (worker.done, worker.rows, worker.rate) == (2_000, 10_000, 1_000)
    assert left_of(fleet) == 8
    assert not fleet.loads
    text = drawn(fleet)
    assert "2,000 of 10,000    1,000.0" in text
    assert "verify" in text
    assert "10,000 of 10,000 rows loaded, 2,000 compared  8.00s left  1 running" in text


def test_time_left_is_of_loading_while_another_worker_verifies():
    fleet = loads_and_verifies(2)
    for second in range(3):
        last = verifying(1, second, 10 * second), progress(2, second, 2_000 * second)
        fleet.update([seen(1, last[0]), seen(2, last[1])], second)
    assert fleet.seconds_left == 3
    assert fleet.loads


def test_ended_worker_has_compared_all_of_its_rows():
    fleet = loads_and_verifies()
    fleet.update([seen(1, verifying(1, 0, 9_000))], 0)
    fleet.update([seen(1, result=runs.result(rows=10_000, verification_report=runs.verified(expected=10_000)))], 1)
    assert (fleet.rows, fleet.compared) == (10_000, 10_000)


def test_worker_without_new_output_is_late():
    fleet = one()
    fleet.update([seen(1, progress(1, 0, 500))], 0)
    fleet.update([seen(1, progress(1, 0, 500))], 4.9)
    assert fleet.workers["worker-1"].state is State.RUNNING
    changes = fleet.update([seen(1, progress(1, 0, 500))], 5)
    assert [(worker.id, before, worker.state) for worker, before in changes] == [
        ("worker-1", State.RUNNING, State.LATE)
    ]
    fleet.update([seen(1, progress(1, 0, 500))], 500)
    assert fleet.counts() == {State.LATE: 1}
    fleet.update([seen(1, progress(1, 501, 600))], 501)
    assert fleet.counts() == {State.RUNNING: 1}


def test_worker_without_any_output_is_starting_and_not_late():
    fleet = one()
    fleet.update([seen(1)], 10)
    fleet.update([seen(1)], 60)
    assert fleet.workers["worker-1"].state is State.RUNNING
    assert "starting" in drawn(fleet)


def test_connecting_worker_is_not_late():
    fleet = one()
    for second in range(20):
        fleet.update([seen(1, progress(1, second, 0).model_copy(update={"phase": "connect"}))], second)
    assert fleet.counts() == {State.RUNNING: 1}
    assert "connect" in drawn(fleet)


@pytest.mark.parametrize("snapshots", [[seen(1, running=False)], []], ids=["dead", "gone"])
def test_worker_is_lost_when_it_ends_without_result(snapshots):
    fleet = one()
    fleet.update([seen(1, progress(1, 0, 500))], 0)
    fleet.update(snapshots, 1)
    assert fleet.workers["worker-1"].state is State.LOST
    assert fleet.over
    assert fleet.rows == 500


def test_all_workers_are_lost_when_all_containers_are_gone():
    fleet = expecting(runs.plan(2))
    fleet.update([seen(1)], 0)
    fleet.update([], 1)
    assert fleet.counts() == {State.LOST: 2}


def test_removed_container_keeps_state_of_ended_worker():
    fleet = one()
    fleet.update([seen(1, result=runs.result(rows=10_000))], 0)
    fleet.update([], 1)
    assert fleet.workers["worker-1"].state is State.DONE


def test_failed_worker_has_last_error():
    fleet = one()
    fleet.update([seen(1, result=runs.failed(1, ExitReason.FAILED, "lost the server", rows=7))], 0)
    worker = fleet.workers["worker-1"]
    assert (worker.state, worker.error, worker.rows) == (State.FAILED, "lost the server", 7)


def test_rate_restarts_with_retried_worker():
    fleet = one()
    fleet.update([seen(1, progress(1, 0, 9000))], 0)
    fleet.update([seen(1, result=runs.failed(1, ExitReason.KILLED, "killed", rows=9000))], 1)
    fleet.update([seen(1, progress(1, 2, 0))], 2)
    fleet.update([seen(1, progress(1, 3, 700))], 3)
    worker = fleet.workers["worker-1"]
    assert (worker.state, worker.rate, worker.rows) == (State.RUNNING, 700, 700)


def test_parse_output_uses_last_complete_line():
    line = progress(1, 0, 5).model_dump_json().encode()
    later = progress(1, 1, 6).model_dump_json().encode()
    result = runs.result().model_dump_json().encode()
    assert parse_output(b"") == (None, None)
    assert parse_output(b"noise\n" + line + b"\nmore noise\n") == (progress(1, 0, 5), None)
    assert parse_output(line + b"\n" + later[:40]) == (progress(1, 0, 5), None)
    assert parse_output(line + b"\n" + later + b"\n") == (progress(1, 1, 6), None)
    assert parse_output(line + b"\n" + result + b"\n") == (None, runs.result())
    assert parse_output(line[20:] + b"\n" + result[:-5]) == (None, None)


def test_sparkline_is_relative_to_largest_value():
    assert sparkline([0, 1, 2, 4, 8]) == "▁▂▃▅█"
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([]) == ""


def drawn(fleet: Fleet, height: int = 30, width: int = 110) -> str:
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=False)
    console.print(Screen(console, "Load test small").draw(fleet, 12.5))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_screen_shows_figures_of_each_worker():
    fleet = expecting(runs.plan(2, tables=("users", "orders"), rows=10_000))
    fleet.update([seen(1, progress(1, 0, 0)), seen(2, result=runs.result(2, rows=10_000, seconds=10))], 0)
    fleet.update([seen(1, progress(1, 1, 2500)), seen(2, result=runs.result(2, rows=10_000, seconds=10))], 1)
    text = drawn(fleet)
    assert "Load test small  12.5s" in text
    assert "2,500 of 10,000    2,500.0   4.50 ms   100 of 512 MiB   running" in text
    assert "10,000 of 10,000    1,000.0" in text
    assert "25%    2,500.0   4.50 ms   100 of 512 MiB   running" in drawn(fleet, width=80)
    assert "▁█  2,500.0 rows/sec" in text
    assert "12,500 of 20,000 rows  3.00s left  1 running, 1 done" in text


def test_screen_of_many_workers_shows_those_in_trouble():
    fleet = expecting(runs.plan(1000))
    fleet.update([seen(number, running=number != 777) for number in range(1, 1001)], 0)
    text = drawn(fleet)
    assert len(text.splitlines()) <= 30
    assert "worker-777" in text
    assert "lost" in text
    assert "and 983 more workers" in text


def test_screen_drops_error_of_worker_that_runs_again():
    console = Console(file=io.StringIO(), width=110, height=30, force_terminal=False)
    fleet, screen = one(), Screen(console, "Load test small")
    failed = runs.failed(1, ExitReason.FAILED, "lost the server")
    screen.show(fleet, fleet.update([seen(1, progress(1, 0, 10))], 0), 0)
    screen.show(fleet, fleet.update([seen(1, result=failed)], 1), 1)
    console.print(screen.draw(fleet, 1))
    assert isinstance(console.file, io.StringIO)
    assert "worker-1: failed: lost the server" in console.file.getvalue()
    screen.show(fleet, fleet.update([seen(1, progress(1, 2, 0))], 2), 2)
    console.file.seek(0)
    console.file.truncate()
    console.print(screen.draw(fleet, 2))
    assert "lost the server" not in console.file.getvalue()


def test_plain_output_has_changes_and_regular_progress():
    written: list[str] = []
    fleet, lines = one(), PlainOutput(written.append)
    for second in range(12):
        snapshots = [seen(1, progress(1, second, second * 100))]
        lines.show(fleet, fleet.update(snapshots, second), second)
    snapshots = [seen(1, result=runs.failed(1, ExitReason.FAILED, "lost the server", rows=1100))]
    lines.show(fleet, fleet.update(snapshots, 12), 12)
    assert written[0] == "worker-1: waiting -> running, 0 rows"
    assert written[1] == "0ms: 0 of 10,000 rows, 0.0 rows/sec (1 running)"
    assert written[2] == "5.00s: 500 of 10,000 rows, 100.0 rows/sec, 1m 35s left (1 running)"
    assert written[4:] == [
        "worker-1: running -> failed, 1,100 rows: lost the server",
        "12.0s: 1,100 of 10,000 rows, 0.0 rows/sec (1 failed)",
    ]
