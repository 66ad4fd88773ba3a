"""Rows and batch latencies over time, in a bounded number of intervals."""

import math
from collections import Counter

from core.results import BINS_PER_DOUBLING, LatencyTimeline

FIRST_INTERVAL_SECONDS = 0.1
MOST_INTERVALS = 120
"""Beyond this number, two neighbours become one interval. A result of an hour is as small as one of ten seconds."""


class IntervalRecorder:
    """Count rows, and batches by latency, per interval of the load. Memory and size do not grow with the time."""

    def __init__(self) -> None:
        self._seconds = FIRST_INTERVAL_SECONDS
        self._rows: list[int] = []
        self._latencies: list[Counter[int]] = []

    def record(self, at_seconds: float, rows: int, latency_seconds: float | None = None) -> None:
        """Record a batch that ended `at_seconds` after the begin; compared rows have no latency."""
        while at_seconds >= self._seconds * MOST_INTERVALS:
            self._merge_neighbours()
        place = int(at_seconds / self._seconds)
        missing = place + 1 - len(self._rows)
        if missing > 0:
            self._rows += [0] * missing
            self._latencies += [Counter() for _ in range(missing)]
        self._rows[place] += rows
        if latency_seconds is not None:
            self._latencies[place][_bin(latency_seconds)] += 1

    def summary(self) -> LatencyTimeline | None:
        """Return the intervals for the result, or None before the first batch."""
        if not self._rows:
            return None
        return LatencyTimeline.of(round(self._seconds * 1000), self._rows, self._latencies)

    def _merge_neighbours(self) -> None:
        self._seconds *= 2
        self._rows = [sum(self._rows[place : place + 2]) for place in range(0, len(self._rows), 2)]
        self._latencies = [
            sum(self._latencies[place : place + 2], Counter()) for place in range(0, len(self._latencies), 2)
        ]


def _bin(seconds: float) -> int:
    return max(0, math.ceil(BINS_PER_DOUBLING * math.log2(max(seconds * 1e6, 1))))
