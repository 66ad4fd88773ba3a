"""The data of the charts: rows and batches are neither lost nor invented."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from aggregate import totals
from aggregate.collect import Collected
from aggregate.render.page import bars, series
from aggregate.render.page.charts import charts, latency_edges, place_of
from aggregate.report import Bin, Report
from core.results import BINS_PER_DOUBLING, ExitReason, Instants, LatencyTimeline, Phases, WorkerResult
from tests.aggregate import runs


def intervals(
    rows: tuple[int, ...], latencies: dict[int, int] | None = None, interval_ms: int = 100
) -> LatencyTimeline:
    return LatencyTimeline.of(interval_ms, rows, [latencies or {}] * len(rows))


def worker(
    number: int, recorded: LatencyTimeline | None, *, start: float, seconds: float, **changes: Any
) -> WorkerResult:
    begin = runs.START + timedelta(seconds=start)
    instants = Instants(ready=begin, load_started=begin, load_ended=begin + timedelta(seconds=seconds))
    fields: dict[str, Any] = {"timeline": (), "latency_timeline": recorded, "instants": instants, **changes}
    return runs.result(number, seconds=seconds, delay=start, **fields)


def report(*results: WorkerResult) -> Report:
    return totals.report(Collected(tuple(results)))


def test_throughput_splits_interval_that_overlaps_two():
    one = worker(1, intervals((100, 300)), start=0, seconds=0.2)
    other = worker(2, intervals((40,)), start=0.05, seconds=0.1)
    found = series.throughput(report(one, other))
    assert found is not None
    assert (found.start, found.step, found.labels) == (0, 0.1, ("worker-1", "worker-2"))
    assert found.rates.tolist() == [[1000, 3000], pytest.approx([200, 200])]


def test_throughput_has_all_rows_in_the_coarsest_intervals():
    fine = worker(1, intervals((10,) * 50), start=0, seconds=5)
    coarse = worker(2, intervals((70, 80, 90), interval_ms=1600), start=0.3, seconds=4.8)
    found = series.throughput(report(fine, coarse))
    assert found is not None
    assert found.step == 1.6
    assert np.sum(found.rates, axis=1) * found.step == pytest.approx([500, 240])


def test_throughput_names_workers_without_rows_over_time():
    killed = runs.failed(2, ExitReason.KILLED, "killed")
    found = series.throughput(report(worker(1, intervals((5,)), start=0, seconds=0.1), killed))
    assert found is not None
    assert found.without == ("worker-2",)


def test_older_result_has_rows_per_second():
    found = series.throughput(report(worker(1, None, start=0, seconds=2, timeline=(7, 9))))
    assert found is not None
    assert (found.step, found.rates.tolist()) == (1, [[7, 9]])
    assert series.latency_over_time(report(worker(1, None, start=0, seconds=2, timeline=(7, 9)))) is None


def test_percentiles_over_time_are_of_all_workers():
    place = 10 * BINS_PER_DOUBLING  # at most 1.024 ms
    fast = worker(1, intervals((1, 1), {place: 60}), start=0, seconds=0.2)
    slow = worker(2, intervals((1, 1), {place + 8: 60}), start=0, seconds=0.2)
    found = series.latency_over_time(report(fast, slow))
    assert found is not None
    assert found.batches == (120, 120)
    assert found.percentiles == {
        "p50": (1.024, 1.024), "p90": (2.048, 2.048), "p99": (2.048, 2.048), "max": (2.048, 2.048),
    }  # fmt: skip


def test_percentile_without_enough_batches_is_left_out():
    found = series.latency_over_time(report(worker(1, intervals((1,), {80: 9}), start=0, seconds=0.1)))
    assert found is not None
    assert list(found.percentiles) == ["p50", "max"]


def test_intervals_with_few_batches_are_merged():
    found = series.latency_over_time(report(worker(1, intervals((1,) * 100, {80: 40}), start=0, seconds=10)))
    assert found is not None
    assert found.step == pytest.approx(0.4)
    assert (len(found.batches), sum(found.batches)) == (25, 4_000)
    assert "p99" in found.percentiles


def test_latency_lies_between_the_edges_of_its_bin():
    bins = [Bin(above_ms=1, up_to_ms=2, batches=1), Bin(above_ms=2, up_to_ms=4, batches=1)]
    edges = latency_edges(bins)
    assert [place_of(value, edges) for value in (1, 2, 4, 9)] == [-0.5, 0.5, 1.5, 1.5]
    assert place_of(2.83, edges) == pytest.approx(1, abs=0.01)


def test_charts_show_the_work_and_not_the_whole_run():
    [chart] = [
        each for each in charts(report(worker(1, intervals((5,)), start=0, seconds=100))) if each["id"] == "throughput"
    ]
    first, last = chart["range"]
    assert first == 0
    assert 100 < last < 105


def test_gantt_marks_the_death_of_a_worker():
    begin = runs.START
    killed = runs.failed(
        2,
        ExitReason.KILLED,
        "killed by SIGKILL",
        instants=Instants(load_started=begin, ended=begin + timedelta(seconds=2)),
    )
    found = report(worker(1, None, start=0, seconds=4), killed)
    chart = bars.gantt(found)
    assert chart is not None
    assert [bar.name for bar in chart.bars] == ["run", "worker-1", "worker-2"]
    mark = chart.bars[2].mark
    assert mark is not None
    assert (mark.left, mark.text) == ("50.000%", "worker-2, killed after 2.00s: killed by SIGKILL")
    assert chart.bars[1].mark is None
    assert bars.deaths(found) == [(2000, "worker-2 killed")]


def test_gantt_parts_of_the_run_fill_the_width():
    chart = bars.gantt(report(worker(1, None, start=0, seconds=4), worker(2, None, start=1, seconds=2)))
    assert chart is not None
    run = chart.bars[0]
    assert sum(float(part.width.removesuffix("%")) for part in run.parts) == pytest.approx(100)
    assert [text for _, text in chart.ticks] == ["0 s", "1 s", "2 s", "3 s", "4 s"]


@pytest.mark.parametrize(
    ("seconds", "ticks"),
    [
        (0.35, ["0 s", "0.1 s", "0.2 s", "0.3 s"]),
        (100, ["0 s", "30 s", "60 s", "90 s"]),
        (220, ["0:00 min", "1:00 min", "2:00 min", "3:00 min"]),
        (9_000, ["0:00:00", "0:30:00", "1:00:00", "1:30:00", "2:00:00", "2:30:00"]),
    ],
)
def test_axis_has_round_times_in_one_unit(seconds, ticks):
    chart = bars.gantt(report(worker(1, None, start=0, seconds=seconds)))
    assert chart is not None
    assert [text for _, text in chart.ticks] == ticks


def test_steps_are_relative_to_the_slowest_worker():
    slow = worker(1, None, start=0, seconds=4, phases=Phases(connect=100, wait=300, send=1000, commit=600))
    fast = worker(2, None, start=0, seconds=4, phases=Phases(send=500, generate=90, encode=30))
    found = report(slow, fast)
    chart = bars.steps(found)
    assert chart is not None
    assert chart.kinds == ("connect", "wait", "send", "commit")
    assert [(part.kind, part.left, part.width) for part in chart.bars[0].parts] == [
        ("connect", "0.000%", "5.000%"), ("wait", "5.000%", "15.000%"),
        ("send", "20.000%", "50.000%"), ("commit", "70.000%", "30.000%"),
    ]  # fmt: skip
    assert [part.width for part in chart.bars[1].parts] == ["25.000%"]
    assert bars.overlapped(found) == ("At the same time as sending, generating took 45ms and encoding 15ms per worker.")
