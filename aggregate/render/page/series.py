"""What the plots show, as numbers: rows over time and time by phase, for each worker or, of many, for bands of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from aggregate.report import Report
from core.results import Phases, WorkerResult

MOST_SERIES = 12
"""A plot with more is no longer legible: the workers are then put together, neighbours first, and none is left out."""

PHASES = ("connect", "generate", "encode", "send", "commit", "verify")


@dataclass(frozen=True)
class Throughput:
    """Rows in each second since the first worker started, one row of the array a series."""

    labels: tuple[str, ...]
    rows: NDArray[np.float64]


@dataclass(frozen=True)
class PhaseTimes:
    """Seconds by phase, one row of the array a series: of a band of workers, their mean."""

    labels: tuple[str, ...]
    seconds: NDArray[np.float64]


def throughput(report: Report) -> Throughput | None:
    """None when no worker left a timeline.

    A worker's seconds begin when it begins to load; what falls between two seconds of the fleet is split over both.
    """
    results = [result for result in _results(report) if result.timeline and result.started_at]
    if not results or report.totals.started_at is None:
        return None
    first = report.totals.started_at
    offsets = [
        (result.started_at - first).total_seconds() + result.phases.connect / 1000
        for result in results
        if result.started_at
    ]
    length = max(int(offset) + len(result.timeline) + 1 for offset, result in zip(offsets, results, strict=True))
    rows = np.zeros((len(results), length))
    for series, offset, result in zip(rows, offsets, results, strict=True):
        second, fraction = int(offset), offset % 1
        timeline = np.asarray(result.timeline, dtype=float)
        series[second : second + len(timeline)] += timeline * (1 - fraction)
        series[second + 1 : second + 1 + len(timeline)] += timeline * fraction
    last = int(np.flatnonzero(rows.sum(axis=0))[-1]) if rows.any() else 0
    bands = _bands(results)
    return Throughput(
        labels=tuple(_label(results, band) for band in bands),
        rows=np.stack([rows[band].sum(axis=0)[: last + 1] for band in bands]),
    )


def phases(report: Report) -> PhaseTimes | None:
    """None when no worker told where its time went."""
    results = [result for result in _results(report) if result.phases != Phases()]
    if not results:
        return None
    seconds = np.array([[getattr(result.phases, name) / 1000 for name in PHASES] for result in results])
    bands = _bands(results)
    return PhaseTimes(
        labels=tuple(_label(results, band) for band in bands),
        seconds=np.stack([seconds[band].mean(axis=0) for band in bands]),
    )


def _results(report: Report) -> list[WorkerResult]:
    return [line.result for line in report.workers if line.result is not None]


def _bands(results: Sequence[WorkerResult]) -> list[slice]:
    count = min(len(results), MOST_SERIES)
    edges = [len(results) * band // count for band in range(count + 1)]
    return [slice(start, stop) for start, stop in pairwise(edges)]


def _label(results: Sequence[WorkerResult], band: slice) -> str:
    names = [result.worker_id for result in results[band]]
    return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
