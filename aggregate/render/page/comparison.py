"""The page of a comparison: verdict, changes of each metric, and both sides in one chart each."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from aggregate.comparison import COMPARED, Change, Comparison
from aggregate.render import formatting
from aggregate.render.heading import heading
from aggregate.render.page import series
from aggregate.render.page.charts import Chart, numbers, step_edges
from aggregate.render.page.document import document
from aggregate.render.text import COMPARISON_COLUMNS, change_row, comparison_lines
from aggregate.report import Report
from core.metrics import Better

_COLOURS = {"base": "c0", "head": "c1"}
_BINS_PER_DOUBLING = 4
_WIDEST_CHANGE = 0.5


@dataclass(frozen=True)
class ChangeBar:
    """The change of one metric as a bar from the middle, in percent of the width; the line is its interval."""

    name: str
    kind: str
    left: str
    width: str
    line: tuple[str, str] | None
    text: str


def render(comparison: Comparison) -> str:
    """Return the page of a comparison as one HTML file."""
    runs = [
        *(("base", report) for report in comparison.base_reports),
        *(("head", report) for report in comparison.head_reports),
    ]
    *lines, verdict = comparison_lines(comparison)
    charts = [chart for chart in (_throughput(runs), _latency(runs)) if chart is not None]
    return document(
        "comparison.html.j2",
        charts,
        page_title=f"Load tests compared: {', '.join(comparison.base)} and {', '.join(comparison.head)}",
        good=comparison.exit_code == 0,
        verdict=verdict,
        sides=list(_sides(runs)),
        header=COMPARISON_COLUMNS,
        rows=[change_row(change) for change in comparison.changes],
        scale=f"{100 * _scale(comparison.changes):.3g}%",
        changes=change_bars(comparison.changes),
        lines=lines[1:],
    )


def change_bars(changes: Sequence[Change]) -> list[ChangeBar]:
    """Return a bar per metric, all on the same scale. An unchanged metric has its bar in the middle."""
    scale = _scale(changes)

    def place(share: float) -> float:
        return 50 + 50 * min(max(share / scale, -1), 1)

    bars: list[ChangeBar] = []
    for change in changes:
        start, end = sorted((place(0), place(change.change)))
        interval = None if change.low is None or change.high is None else (change.low, change.high)
        row = change_row(change)
        text = f"{change.name}: {row[1]} to {row[2]}, {row[3]}" + (f", 95% interval {row[4]}" if interval else "")
        line = (f"{place(interval[0]):.2f}%", f"{place(interval[1]):.2f}%") if interval else None
        bars.append(ChangeBar(change.name, _kind(change), f"{start:.2f}%", f"{max(end - start, 0.2):.2f}%", line, text))
    return bars


def _sides(runs: Sequence[tuple[str, Report]]) -> Iterator[tuple[str, str]]:
    """Yield what ran, once if it is the same on both sides, and then each run."""
    what = [heading(report)[0] for _, report in runs]
    if len(set(what)) == 1:
        yield "Both", what[0]
    for side, report in runs:
        lines = heading(report)
        yield side.capitalize(), "; ".join(lines if len(set(what)) > 1 else lines[1:])


def _scale(changes: Sequence[Change]) -> float:
    """Return the change that fills half of the width: the largest one, but at most a half."""
    known = [
        abs(value) for change in changes for value in (change.change, change.low, change.high) if value is not None
    ]
    return min(max([0.01, *known]), _WIDEST_CHANGE)


def _kind(change: Change) -> str:
    if not change.change:
        return "same"
    return "better" if (change.change > 0) is (COMPARED[change.name] is Better.HIGHER) else "worse"


def _throughput(runs: Sequence[tuple[str, Report]]) -> Chart | None:
    """Return the rows per second of each run, from the instant at which its first worker began."""
    found = [(side, report, rows) for side, report in runs if (rows := series.throughput(report)) is not None]
    if not found:
        return None
    step = max(rows.step for _, _, rows in found)
    count = max(math.ceil(rows.step * rows.rates.shape[1] / step - 1e-9) for _, _, rows in found)
    edges = step_edges(0, step, count)
    lines: list[dict[str, object]] = []
    for side, report, rows in found:
        own = np.arange(rows.rates.shape[1] + 1) * rows.step
        loaded = np.concatenate([[0.0], np.cumsum(rows.rates.sum(axis=0)) * rows.step])
        rates = np.diff(np.interp(edges, own, loaded)) / step
        lines.append(
            {"label": f"{side} {formatting.cell(report.name)}", "values": numbers(rates), "kind": _COLOURS[side]}
        )
    return {
        "id": "throughput",
        "title": "Throughput over time",
        "caption": f"Rows per second of all workers of a run, in intervals of {formatting.duration(step * 1000)}.",
        "kind": "lines",
        "stepped": True,
        "x": edges,
        "step": step,
        "range": (0, edges[-1]),
        "xName": "time",
        "xLabel": "seconds since loading began",
        "yLabel": "rows per second",
        "unit": "rows/s",
        "marks": [],
        "series": lines,
    }


def _latency(runs: Sequence[tuple[str, Report]]) -> Chart | None:
    """Return the share of each run's batches by latency."""
    counts = [(side, report, dict(_bins(report))) for side, report in runs if report.latency_histogram]
    if not counts:
        return None
    places = sorted({place for _, _, each in counts for place in each})
    shown = range(places[0], places[-1] + 1)
    return {
        "id": "latency",
        "title": "Batches by latency",
        "caption": "The share of each run's batches, by the time from sending a batch to its acknowledgement.",
        "kind": "lines",
        "edges": [round(2 ** (place / _BINS_PER_DOUBLING) / 1000, 4) for place in (shown[0] - 1, *shown)],
        "x": list(range(len(shown))),
        "range": (-0.5, len(shown) - 0.5),
        "xName": "latency",
        "xLabel": "milliseconds per batch",
        "yLabel": "% of the batches",
        "unit": "%",
        "marks": [],
        "series": [
            {
                "label": f"{side} {formatting.cell(report.name)}",
                "values": [round(100 * each.get(place, 0) / sum(each.values()), 2) for place in shown],
                "kind": _COLOURS[side],
            }
            for side, report, each in counts
        ],
    }


def _bins(report: Report) -> Iterator[tuple[int, int]]:
    for each in report.latency_histogram:
        yield round(_BINS_PER_DOUBLING * math.log2(each.up_to_ms * 1000)), each.batches
