"""The plots, as SVG that takes its ink from the page around it, so that it is legible on dark, on light and on paper."""

import io
import re
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from aggregate.render import formatting
from aggregate.render.page.series import PHASES, PhaseTimes, Throughput
from aggregate.report import Bin, Percentiles

_INK = "#010203"
"""Drawn in this colour, which the style names too, and shown in the page's."""

_COLOURS = (
    "#4c8dd6", "#e08a2e", "#3fa66b", "#d1605e", "#8f7ac8", "#a07a5a",
    "#d578b2", "#7f8c8d", "#b0a732", "#3cb1b8", "#6f9c3d", "#c48f9b",
)  # fmt: skip
_WIDTH = 6.4
_LEGEND_CHARACTERS = 90
_STYLE = Path(__file__).with_name("charts.mplstyle")


def throughput(data: Throughput) -> str:
    """Rows in each second: the workers stacked, the fleet as the line on top."""
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
        axes.set_ylabel("rows in each second")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.yaxis.set_major_formatter(FuncFormatter(_short))
        _legend(figure, axes)
        return _svg(figure, "Rows in each second, by worker and for the fleet")


def latencies(bins: Sequence[Bin], percentiles: Percentiles) -> str:
    """The histogram of all batches, on a logarithmic scale, with the percentiles as lines."""
    with mpl.rc_context({"svg.hashsalt": "latencies"}, fname=_STYLE):
        figure, axes = _figure(2.5)
        edges = np.array([max(bins[0].above_ms, bins[0].up_to_ms / 2), *(each.up_to_ms for each in bins)])
        counts = [each.batches for each in bins]
        axes.bar(edges[:-1], counts, width=np.diff(edges), align="edge", color=_COLOURS[0], linewidth=0)
        axes.set_xscale("log")
        named = ("p50", percentiles.p50), ("p99", percentiles.p99), ("p99.9", percentiles.p999)
        for (name, value), colour in zip(named, _COLOURS[1:], strict=False):
            axes.axvline(value, color=colour, linewidth=1.4, label=f"{name} {formatting.milliseconds(value)}")
        axes.set_xlabel("milliseconds a batch")
        axes.set_ylabel("batches")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(FuncFormatter(_between) if edges[-1] < 30 * edges[0] else NullFormatter())
        axes.yaxis.set_major_formatter(FuncFormatter(_short))
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        _legend(figure, axes)
        return _svg(figure, "Batches by latency")


def phases(data: PhaseTimes) -> str:
    """Where each worker's time went, as bars from the left."""
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
    """Below the plot, in as many columns as its labels leave room for."""
    handles, labels = axes.get_legend_handles_labels()
    columns = max(1, _LEGEND_CHARACTERS // (max(map(len, labels)) + 6))
    figure.legend(handles, labels, loc="outside lower left", ncols=columns, handlelength=1.2, labelcolor=_INK)


def _short(value: float, _: object) -> str:
    """50,000 rows as `50k`, for an axis."""
    for unit, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= unit:
            return f"{value / unit:g}{suffix}"
    return f"{value:g}"


def _between(value: float, _: object) -> str:
    """The 2, 3 and 5 between two powers of ten."""
    return f"{value:g}" if f"{value:e}"[0] in "235" else ""


def _svg(figure: Figure, title: str) -> str:
    """Without what belongs to a file of its own: prolog, metadata, a fixed size."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :].replace(_INK, "currentColor")
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg [^>]*?) height="[^"]*"', r"\1", text, count=1)
    return re.sub(r'(<svg [^>]*?) width="[^"]*"', rf'\1 role="img" aria-label="{title}"', text, count=1)
