"""The charts of a report as data for `page.js`: rows over time, latency over time and by number of batches."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aggregate.render import formatting
from aggregate.render.page import bars, series
from aggregate.report import Bin, Percentiles, Report

Chart = Mapping[str, Any]
_MARGIN = 0.03
"""The part of the time before and after the work that a chart over time shows."""
_PERCENTILE_COLOURS = {"p50": "c0", "p90": "c2", "p99": "c1", "max": "c3"}
_TIME = "seconds since the run began"


def charts(report: Report) -> Iterator[Chart]:
    """Yield the charts for which the workers left data."""
    shown = _range(report)
    rows = series.throughput(report)
    if rows is not None:
        yield _throughput(rows, shown)
    over_time = series.latency_over_time(report)
    if over_time is not None:
        yield _latency_over_time(over_time, shown)
    if report.latency_ms is not None:
        yield _latency(report.latency_histogram, report.latency_ms)


def phases(report: Report) -> list[Mapping[str, Any]]:
    """Return the phases of the run, which the charts over time shade."""
    spans = report.timeline.spans if report.timeline else ()
    return [{"name": span.phase, "from": span.from_ms / 1000, "to": span.to_ms / 1000} for span in spans]


def deaths(report: Report) -> list[Mapping[str, Any]]:
    """Return the instants at which workers died, which the charts over time mark."""
    return [{"at": at / 1000, "text": text, "kind": "bad"} for at, text in bars.deaths(report)]


def step_edges(start: float, step: float, count: int) -> list[float]:
    """Return the times of `count` intervals and the end of the last one."""
    return [round(start + step * place, 3) for place in range(count + 1)]


def numbers(values: NDArray[np.float64]) -> list[float]:
    """Return rates as rounded numbers, with the last one twice: a step needs an end."""
    rounded = [round(float(value), 1) for value in values]
    return [*rounded, rounded[-1]]


def latency_edges(bins: Sequence[Bin]) -> list[float]:
    """Return the bounds of the bins in milliseconds."""
    return [max(bins[0].above_ms, bins[0].up_to_ms / 2), *(each.up_to_ms for each in bins)]


def _range(report: Report) -> tuple[float, float]:
    """Return the time from the first worker's begin of loading to the last one's end of comparing, with a margin."""
    spans = [span for worker in report.timeline.workers for span in worker.spans] if report.timeline else []
    work = [span for span in spans if span.phase in ("load", "verify")] or spans
    first, last = (
        min((span.from_ms for span in work), default=0),
        max((span.to_ms for span in work), default=0),
    )
    margin = max(last - first, 1) * _MARGIN
    return max(first - margin, 0) / 1000, (last + margin) / 1000


def _throughput(rows: series.Throughput, shown: tuple[float, float]) -> Chart:
    interval = formatting.duration(rows.step * 1000)
    caption = [
        f"Rows per second in intervals of {interval}; the first and the last one are partly outside of the load."
    ]
    if any(" to " in label for label in rows.labels):
        caption.append("Neighbouring workers are merged.")
    if rows.without:
        names = ", ".join(map(formatting.cell, rows.without[:3]))
        more = f" and {len(rows.without) - 3:,} more" if len(rows.without) > 3 else ""
        caption.append(f"Without the rows of {names}{more}, of which no rows over time are known.")
    return {
        "id": "throughput",
        "title": "Throughput over time",
        "caption": " ".join(caption),
        "kind": "stack",
        "x": step_edges(rows.start, rows.step, rows.rates.shape[1]),
        "step": rows.step,
        "range": shown,
        "xName": "time",
        "xLabel": _TIME,
        "yLabel": "rows per second",
        "unit": "rows/s",
        "marks": [],
        "series": [
            {"label": label, "values": numbers(rates), "kind": f"c{place}"}
            for place, (label, rates) in enumerate(zip(rows.labels, rows.rates, strict=True))
        ],
    }


def _latency_over_time(found: series.LatencyOverTime, shown: tuple[float, float]) -> Chart:
    interval = formatting.duration(found.step * 1000)
    return {
        "id": "latency-over-time",
        "title": "Batch latency over time",
        "caption": f"Percentiles of the batches of all workers in intervals of {interval}. "
        "A percentile that the batches of an interval cannot carry is left out.",
        "kind": "lines",
        "log": True,
        "x": [round(found.start + found.step * (place + 0.5), 4) for place in range(len(found.batches))],
        "range": shown,
        "xName": "time",
        "xLabel": _TIME,
        "yLabel": "milliseconds per batch",
        "unit": "ms",
        "marks": [],
        "series": [
            {"label": name, "values": values, "kind": _PERCENTILE_COLOURS[name]}
            for name, values in found.percentiles.items()
        ],
    }


def _latency(bins: Sequence[Bin], percentiles: Percentiles) -> Chart:
    edges = latency_edges(bins)
    named = ("p50", percentiles.p50), ("p90", percentiles.p90), ("p99", percentiles.p99)
    return {
        "id": "latency",
        "title": "Batches by latency",
        "caption": formatting.latency(percentiles),
        "kind": "bars",
        "edges": edges,
        "x": list(range(len(bins))),
        "range": (-0.5, len(bins) - 0.5),
        "xName": "latency",
        "xLabel": "milliseconds per batch",
        "yLabel": "batches",
        "unit": "batches",
        "marks": [
            {"at": place_of(value, edges), "text": name, "kind": _PERCENTILE_COLOURS[name]}
            for name, value in named
            if value is not None
        ],
        "series": [{"label": "batches", "values": [each.batches for each in bins], "kind": "c0"}],
    }


def place_of(value: float, edges: Sequence[float]) -> float:
    """Return the place of a latency on the axis of bins, each of which is one wide."""
    for place, (low, high) in enumerate(pairwise(edges)):
        if value <= high:
            return round(place - 0.5 + max(0.0, math.log(max(value, low) / low) / math.log(high / low)), 3)
    return len(edges) - 1.5
