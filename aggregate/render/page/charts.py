"""Plots as SVG: rows over time, latencies, time per phase. Text and lines take the page's colour.

Of many workers, neighbours are merged into bands, so that all are included.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from aggregate.render import formatting
from aggregate.report import Bin, Percentiles, Report
from core.results import Phases, WorkerResult
from core.text import visible

_INK = "#010203"
"""The colour of text and lines in `charts.mplstyle`. The SVG has the page's colour instead."""

_COLOURS = (
    "#4c8dd6", "#e08a2e", "#3fa66b", "#d1605e", "#8f7ac8", "#a07a5a",
    "#d578b2", "#7f8c8d", "#b0a732", "#3cb1b8", "#6f9c3d", "#c48f9b",
)  # fmt: skip
_WIDTH = 6.4
_LEGEND_CHARACTERS = 90
_LABEL_LIMIT = 40
_STYLE = Path(__file__).with_name("charts.mplstyle")


MOST_SERIES = 12
"""The most series that a legible plot has. More workers are merged into bands of neighbours."""

PHASES = ("connect", "generate", "encode", "send", "commit", "verify")


@dataclass(frozen=True)
class Throughput:
    """Rows per second since the first worker started. The array has one row per series."""

    labels: tuple[str, ...]
    rows: NDArray[np.float64]


@dataclass(frozen=True)
class PhaseTimes:
    """Seconds per phase. The array has one row per series: a worker, or the mean of a band of workers."""

    labels: tuple[str, ...]
    seconds: NDArray[np.float64]


def throughput_series(report: Report) -> Throughput | None:
    """Return the rows of each worker or band per second, or None if no worker left a timeline.

    A worker's seconds start when it starts to load. A second that overlaps two seconds of the fleet is split.
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


def phase_series(report: Report) -> PhaseTimes | None:
    """Return the time per phase of each worker or band, or None if no worker recorded its phases."""
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
    names = [visible(result.worker_id, _LABEL_LIMIT) for result in results[band]]
    return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"


def throughput(data: Throughput) -> str:
    """Draw the rows per second: the workers stacked, the fleet as the line on top."""
    with mpl.rc_context({"svg.hashsalt": "throughput"}, fname=_STYLE):
        figure, axes = _figure(2.5 + 0.11 * len(data.labels))
        seconds = np.arange(data.rows.shape[1] + 1)
        steps = np.concatenate([data.rows, data.rows[:, -1:]], axis=1)
        below = np.zeros(steps.shape[1])
        for label, colour, rows in zip(data.labels, _COLOURS, steps, strict=False):
            axes.fill_between(seconds, below, below + rows, step="post", color=colour, linewidth=0, label=label)
            below = below + rows
        axes.step(seconds, below, where="post", color=_INK, linewidth=1.2, label="fleet")
        axes.set_xlim(0, len(seconds) - 1)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("seconds since the first worker started")
        axes.set_ylabel("rows per second")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.yaxis.set_major_formatter(FuncFormatter(_short))
        _legend(figure, axes)
        return _svg(figure, "Rows per second, by worker and for the fleet")


def latencies(bins: Sequence[Bin], percentiles: Percentiles) -> str:
    """Draw the histogram of all batches on a logarithmic scale, with the percentiles as lines."""
    with mpl.rc_context({"svg.hashsalt": "latencies"}, fname=_STYLE):
        figure, axes = _figure(2.5)
        edges = np.array([max(bins[0].above_ms, bins[0].up_to_ms / 2), *(each.up_to_ms for each in bins)])
        counts = [each.batches for each in bins]
        axes.bar(edges[:-1], counts, width=np.diff(edges), align="edge", color=_COLOURS[0], linewidth=0)
        axes.set_xscale("log")
        named = ("p50", percentiles.p50), ("p99", percentiles.p99), ("p99.9", percentiles.p999)
        for (name, value), colour in zip(named, _COLOURS[1:], strict=False):
            if value is None:
                continue
            axes.axvline(value, color=colour, linewidth=1.4, label=f"{name} {formatting.milliseconds(value)}")
        axes.set_xlabel("milliseconds per batch")
        axes.set_ylabel("batches")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(FuncFormatter(_between) if edges[-1] < 30 * edges[0] else NullFormatter())
        axes.yaxis.set_major_formatter(FuncFormatter(_short))
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        _legend(figure, axes)
        return _svg(figure, "Batches by latency")


def phases(data: PhaseTimes) -> str:
    """Draw each worker's time per phase as stacked horizontal bars."""
    with mpl.rc_context({"svg.hashsalt": "phases"}, fname=_STYLE):
        figure, axes = _figure(1.2 + 0.26 * len(data.labels))
        places = np.arange(len(data.labels))
        left = np.zeros(len(data.labels))
        for column, (name, colour) in enumerate(zip(PHASES, _COLOURS, strict=False)):
            seconds = data.seconds[:, column]
            if seconds.any():
                axes.barh(places, seconds, left=left, height=0.7, color=colour, linewidth=0, label=name)
                left = left + seconds
        axes.set_yticks(places, data.labels)
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("seconds (phases may overlap)")
        _legend(figure, axes)
        return _svg(figure, "Seconds by phase, by worker")


def _figure(height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    return figure, figure.subplots()


def _legend(figure: Figure, axes: Axes) -> None:
    """Draw the legend below the plot, in as many columns as fit."""
    handles, labels = axes.get_legend_handles_labels()
    columns = max(1, _LEGEND_CHARACTERS // (max(map(len, labels)) + 6))
    figure.legend(handles, labels, loc="outside lower left", ncols=columns, handlelength=1.2, labelcolor=_INK)


def _short(value: float, _: object) -> str:
    """Shorten an axis label: 50,000 becomes `50k`."""
    for unit, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= unit:
            return f"{value / unit:g}{suffix}"
    return f"{value:g}"


def _between(value: float, _: object) -> str:
    """Label only 2, 3 and 5 between two powers of ten."""
    return f"{value:g}" if f"{value:e}"[0] in "235" else ""


def _svg(figure: Figure, title: str) -> str:
    """Return the SVG element without prolog, metadata and fixed size, which belong to a separate file."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :].replace(_INK, "currentColor")
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg [^>]*?) height="[^"]*"', r"\1", text, count=1)
    return re.sub(r'(<svg [^>]*?) width="[^"]*"', rf'\1 role="img" aria-label="{title}"', text, count=1)
