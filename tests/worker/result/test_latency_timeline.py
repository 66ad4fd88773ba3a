"""Rows and latencies over time: bounded in size, and no row or batch is lost."""

import math

import pytest
from pydantic import ValidationError

from core.results import BINS_PER_DOUBLING, LatencyTimeline
from worker.result.counters import Counters
from worker.result.latency_timeline import MOST_INTERVALS, IntervalRecorder


def recorded(*batches: tuple[float, int, float | None]) -> LatencyTimeline:
    recorder = IntervalRecorder()
    for at, rows, latency in batches:
        recorder.record(at, rows, latency)
    summary = recorder.summary()
    assert summary is not None
    return summary


def test_recorder_without_batches_has_no_summary():
    assert IntervalRecorder().summary() is None


def test_batches_are_counted_in_their_interval():
    summary = recorded((0.05, 10, 0.001), (0.09, 5, 0.001), (0.31, 7, 0.004))
    assert summary.interval_ms == 100
    assert summary.rows == (15, 0, 0, 7)
    assert [sum(counts.values()) for counts in summary.counts()] == [2, 0, 0, 1]


def test_latency_bin_includes_its_upper_bound():
    [counts] = recorded((0, 1, 0.000_256)).counts()
    [place] = counts
    assert 2 ** (place / BINS_PER_DOUBLING) == 256
    [next_counts] = recorded((0, 1, 0.000_257)).counts()
    assert list(next_counts) == [place + 1]


def test_long_load_keeps_all_rows_in_bounded_intervals():
    seconds = 3_600
    summary = recorded(*((at / 2, 3, 0.01 + at / 1e6) for at in range(2 * seconds)))
    assert MOST_INTERVALS / 2 <= len(summary.rows) <= MOST_INTERVALS
    assert summary.interval_ms == 100 * 2 ** math.ceil(math.log2(seconds * 10 / MOST_INTERVALS))
    assert sum(summary.rows) == 3 * 2 * seconds
    assert sum(sum(counts.values()) for counts in summary.counts()) == 2 * seconds


def test_late_batch_after_long_silence_merges_intervals():
    summary = recorded((0.0, 1, 0.001), (1_000.0, 2, 0.001))
    assert sum(summary.rows) == 3
    assert len(summary.rows) <= MOST_INTERVALS


def test_compared_rows_of_verify_run_have_no_latency():
    counters = Counters(loads=False)
    counters.begin_verify()
    counters.add_compared(20)
    summary = counters.intervals.summary()
    assert summary is not None
    assert sum(summary.rows) == counters.compared == counters.rows == 20
    assert summary.latencies == ("",) * len(summary.rows)


def test_compared_rows_after_load_are_not_loaded_rows():
    counters = Counters(total_rows=20)
    counters.begin_load()
    counters.add_batch(20, 100, 0.01)
    counters.end_load()
    counters.begin_verify()
    counters.add_compared(15)
    summary = counters.intervals.summary()
    assert summary is not None
    assert (counters.rows, counters.compared, sum(summary.rows)) == (20, 15, 20)


def test_counts_survive_their_text_form():
    counts = [{80: 3, 81: 12}, {}, {7: 1}]
    timeline = LatencyTimeline.of(100, [15, 0, 1], counts)
    assert timeline.latencies == ("80:3 81:12", "", "7:1")
    assert LatencyTimeline.model_validate_json(timeline.model_dump_json()).counts() == counts


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"interval_ms": 0}, "greater than 0"),
        ({"latencies": ("80:3",)}, "rows has 2 intervals and latencies 1"),
        ({"latencies": ("80:x", "")}, "String should match pattern"),
    ],
)
def test_timeline_that_cannot_be_read_is_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        LatencyTimeline.model_validate({"interval_ms": 100, "rows": (1, 2), "latencies": ("", ""), **changes})
