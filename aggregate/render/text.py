"""Reports and comparisons as a table in box characters, as Markdown and as JSON."""

import json
from collections.abc import Iterable, Sequence

from rich.cells import cell_len, set_cell_size

from aggregate.comparison import Change, Comparison
from aggregate.render import formatting
from aggregate.render.heading import heading
from aggregate.report import Report
from core.text import one_line

COMPARISON_COLUMNS = ("Metric", "Base", "Head", "Change", "95% interval", "Verdict")
_MARKUP = ("\\", "*", "_", "`", "<")


def report_table(report: Report) -> str:
    """Return what ran, the table of workers, its footnotes, then facts, thresholds, differences and warnings."""
    rows = [formatting.row(line) for line in report.workers]
    lines = [*map(formatting.line, heading(report)), ""]
    lines += box(formatting.COLUMNS, rows, formatting.total_row(report.totals))
    lines.append(formatting.footnotes(report.totals))
    for block in (
        formatting.facts(report),
        [f"threshold {line}" for line in formatting.thresholds(report)],
        [f"difference: {line}" for line in formatting.differences(report)],
        [f"warning: {line}" for line in report.warnings],
    ):
        lines += ["", *map(formatting.line, block)] if block else []
    return "\n".join(lines) + "\n"


def report_markdown(report: Report) -> str:
    """Return the same content as `report_table` in GitHub's Markdown, for a comment or a job summary."""
    total = [f"**{cell}**" for cell in _cells(formatting.total_row(report.totals))]
    title, *where = map(formatting.line, heading(report))
    lines = [f"**{_escaped(title)}**  ", *map(_escaped, where), ""]
    lines += _grid(formatting.COLUMNS, [*(_cells(formatting.row(line)) for line in report.workers), total])
    lines += ["", _escaped(formatting.footnotes(report.totals))]
    for name, block in (
        ("", formatting.facts(report)),
        ("Thresholds", formatting.thresholds(report)),
        ("Differences", formatting.differences(report)),
        ("Warnings", report.warnings),
    ):
        if block:
            lines += [
                "",
                *([f"**{name}**", ""] if name else []),
                *(f"- {_escaped(formatting.line(line))}" for line in block),
            ]
    return "\n".join(lines) + "\n"


def comparison_table(comparison: Comparison) -> str:
    """Return the metrics of both sides with change, interval and verdict, then the workers that became slower."""
    lines = box(COMPARISON_COLUMNS, [change_row(change) for change in comparison.changes])
    return "\n".join([*lines, *map(formatting.line, comparison_lines(comparison))]) + "\n"


def comparison_markdown(comparison: Comparison) -> str:
    """Return the same content as `comparison_table` in GitHub's Markdown."""
    lines = _grid(COMPARISON_COLUMNS, [change_row(change) for change in comparison.changes])
    return "\n".join([*lines, "", *(f"- {formatting.line(line)}" for line in comparison_lines(comparison))]) + "\n"


def change_row(change: Change) -> tuple[str, ...]:
    """Return a metric's cells, one per column of a comparison."""
    interval = f"{_share(change.low)} to {_share(change.high)}" if change.low is not None else formatting.NONE
    verdict = ("regression" if change.regression else "ok") if change.gated else formatting.NONE
    return (change.name, _figure(change.base), _figure(change.head), _share(change.change), interval, verdict)


def comparison_lines(comparison: Comparison) -> Sequence[str]:
    """Return the lines below the table: the runs, slower workers, notes, and the verdict as the last line."""
    regressions = [change.name for change in comparison.changes if change.regression]
    percent = f"{comparison.max_regression * 100:g}%"
    return [
        f"base: {', '.join(comparison.base)}  head: {', '.join(comparison.head)}",
        *(
            f"{each.name}: {_figure(each.base)} to {_figure(each.head)} rows/sec ({_share(each.change)})"
            for each in comparison.workers
        ),
        *comparison.notes,
        f"regression beyond {percent}: {', '.join(regressions)}" if regressions else f"no regression beyond {percent}",
    ]


def as_json(model: Report | Comparison) -> str:
    """Return a report, with every worker's result inside, or a comparison as indented JSON.

    Characters that a terminal would not print as themselves are escaped in JSON's own way, so the values are unchanged.
    """
    lines = model.model_dump_json(indent=2).split("\n")
    return "\n".join(line if line.isprintable() else _escaped_json(line) for line in lines) + "\n"


def box(header: Sequence[str], body: Sequence[Sequence[str]], footer: Sequence[str] | None = None) -> list[str]:
    """Return the lines of a table in box characters, left-aligned. A rule separates the footer."""
    body = [[formatting.cell(text) for text in row] for row in body]
    ends = [] if footer is None else [footer]
    widths = [max(cell_len(row[column]) for row in (header, *body, *ends)) for column in range(len(header))]
    lines = [_rule(widths, "┌", "┬", "┐"), _boxed(header, widths), _rule(widths, "├", "┼", "┤")]
    lines += [_boxed(row, widths) for row in body]
    for row in ends:
        lines += [_rule(widths, "├", "┼", "┤"), _boxed(row, widths)]
    return [*lines, _rule(widths, "└", "┴", "┘")]


def _rule(widths: Sequence[int], left: str, middle: str, right: str) -> str:
    return left + middle.join("─" * (width + 2) for width in widths) + right


def _boxed(row: Sequence[str], widths: Sequence[int]) -> str:
    return "│" + "│".join(f" {set_cell_size(cell, width)} " for cell, width in zip(row, widths, strict=True)) + "│"


def _grid(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (header, ("---",) * len(header), *rows)]


def _cells(row: Iterable[str]) -> list[str]:
    return [_escaped(formatting.cell(cell)).replace("|", "\\|") for cell in row]


def _escaped(text: str) -> str:
    """Escape what Markdown would read as markup."""
    for mark in _MARKUP:
        text = text.replace(mark, "\\" + mark)
    return one_line(text)


def _escaped_json(line: str) -> str:
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in line)


def _figure(value: float) -> str:
    return f"{value:,.2f}".removesuffix("0").removesuffix(".0")


def _share(value: float | None) -> str:
    return formatting.NONE if value is None else f"{value * 100:+.1f}%"
