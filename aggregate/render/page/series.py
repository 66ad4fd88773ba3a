"""Rows and batch latencies of a run over time, for the page's charts.

Of many workers, neighbours are merged into bands, so that all are included. Times are seconds of the report's timeline.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from aggregate.phases import Span
from aggregate.report import Report
from core.metrics import BATCHES_NEEDED
from core.results import BINS_PER_DOUBLING, LatencyTimeline, WorkerResult
from core.text import visible

MOST_SERIES = 12
"""The most series that a legible chart has. More workers are merged into bands of neighbours."""
PERCENTILES: Mapping[str, float] = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
_LABEL_LIMIT = 40
_SECOND_MS = 1000
_FEWEST_INTERVALS = 20


@dataclass(frozen=True)
class Throughput:
    """Rows per second in intervals of `step` seconds from `start`. The array has one row per series."""

    start: float
    step: float
    labels: tuple[str, ...]
    rates: NDArray[np.float64]
    without: tuple[str, ...]
    """Workers that left no rows over time: those that were killed."""


@dataclass(frozen=True)
class LatencyOverTime:
    """Latency percentiles of all batches in milliseconds, per interval; None where the batches are too few."""

    start: float
    step: float
    batches: tuple[int, ...]
    percentiles: Mapping[str, tuple[float | None, ...]]


@dataclass(frozen=True)
class _Recorded:
    """A worker's intervals, and the span in which it recorded them."""

    result: WorkerResult
    span: Span
    intervals: LatencyTimeline

    @property
    def ends_ms(self) -> int:
        return self.span.from_ms + len(self.intervals.rows) * self.intervals.interval_ms


def throughput(report: Report) -> Throughput | None:
    """Return the rows per second of each worker or band, or None if no worker left its rows over time.

    An interval of a worker that overlaps two intervals of the chart is split.
    """
    recorded = list(_recorded(report))
    if not recorded:
        return None
    start, step, count = _grid(recorded)
    rows = np.zeros((len(recorded), count + 1))
    for series, each in zip(rows, recorded, strict=True):
        for at, number in zip(_starts(each), each.intervals.rows, strict=True):
            _spread(series, (at - start) / step, each.intervals.interval_ms / step, number)
    rates = rows[:, :count] / (step / _SECOND_MS)
    bands = _bands(len(recorded))
    known = {each.result.worker_id for each in recorded}
    return Throughput(
        start=start / _SECOND_MS,
        step=step / _SECOND_MS,
        labels=tuple(_label(recorded, band) for band in bands),
        rates=np.stack([rates[band].sum(axis=0) for band in bands]),
        without=tuple(line.worker_id for line in report.workers if line.worker_id not in known),
    )


def latency_over_time(report: Report) -> LatencyOverTime | None:
    """Return percentiles of the batches of all workers per interval, or None if no batch has a latency.

    Percentiles are computed from merged counts, never from other percentiles. Intervals are merged until most of them
    have enough batches for a p99, as long as there are at least twenty.
    """
    recorded = [each for each in _recorded(report) if any(each.intervals.latencies)]
    if not recorded:
        return None
    start, step, count = _grid(recorded)
    merged: list[Counter[int]] = [Counter() for _ in range(count)]
    for each in recorded:
        middle = each.intervals.interval_ms / 2
        for at, counts in zip(_starts(each), each.intervals.counts(), strict=True):
            merged[min(int((at + middle - start) / step), count - 1)].update(counts)
    while len(merged) >= 2 * _FEWEST_INTERVALS and _median(merged) < BATCHES_NEEDED["p99"]:
        merged = [sum(merged[place : place + 2], Counter()) for place in range(0, len(merged), 2)]
        step *= 2
    percentiles = {
        name: tuple(_percentile(counts, share, BATCHES_NEEDED.get(name, 1)) for counts in merged)
        for name, share in PERCENTILES.items()
    }
    return LatencyOverTime(
        start=start / _SECOND_MS,
        step=step / _SECOND_MS,
        batches=tuple(counts.total() for counts in merged),
        percentiles={
            name: values for name, values in percentiles.items() if any(value is not None for value in values)
        },
    )


def _recorded(report: Report) -> Iterator[_Recorded]:
    spans = {each.worker_id: each.work for each in report.timeline.workers} if report.timeline else {}
    for line in report.workers:
        span, result = spans.get(line.worker_id), line.result
        if result is None or span is None:
            continue
        intervals = result.latency_timeline
        if intervals is None and result.timeline:
            # An older worker has rows per second only.
            seconds = result.timeline
            intervals = LatencyTimeline(interval_ms=_SECOND_MS, rows=seconds, latencies=("",) * len(seconds))
        if intervals is not None and intervals.rows:
            yield _Recorded(result, span, intervals)


def _grid(recorded: Sequence[_Recorded]) -> tuple[int, int, int]:
    """Return start and step of the chart's intervals in milliseconds, and their number."""
    step = max(each.intervals.interval_ms for each in recorded)
    start = min(each.span.from_ms for each in recorded)
    end = max(each.ends_ms for each in recorded)
    return start, step, -(-(end - start) // step)


def _starts(each: _Recorded) -> Iterator[int]:
    return iter(range(each.span.from_ms, each.ends_ms, each.intervals.interval_ms))


def _spread(series: NDArray[np.float64], place: float, width: float, rows: int) -> None:
    """Add rows to the one or two intervals that `place` to `place + width` overlaps; the width is at most one."""
    first = int(place)
    beyond = max(0.0, place + width - (first + 1)) / width
    series[first] += rows * (1 - beyond)
    series[first + 1] += rows * beyond


def _bands(count: int) -> list[slice]:
    series = min(count, MOST_SERIES)
    edges = [count * band // series for band in range(series + 1)]
    return [slice(start, stop) for start, stop in pairwise(edges)]


def _label(recorded: Sequence[_Recorded], band: slice) -> str:
    names = [visible(each.result.worker_id, _LABEL_LIMIT) for each in recorded[band]]
    return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"


def _median(merged: Sequence[Counter[int]]) -> int:
    totals = sorted(counts.total() for counts in merged if counts)
    return totals[len(totals) // 2] if totals else 0


def _percentile(counts: Counter[int], share: float, needed: int) -> float | None:
    """Return the upper bound of the bin that has this share of the batches, in milliseconds."""
    total = counts.total()
    if not total or total < needed:
        return None
    seen = 0
    for place in sorted(counts):
        seen += counts[place]
        if seen >= share * total:
            break
    return round(2 ** (place / BINS_PER_DOUBLING) / 1000, 3)
