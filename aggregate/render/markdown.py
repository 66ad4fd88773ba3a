"""The table as GitHub shows it, for a comment or a job summary."""

from collections.abc import Iterable

from aggregate.render import formatting
from aggregate.report import Report
from core.text import one_line


def render(report: Report) -> str:
    """The same table, facts, differences and warnings as for a terminal."""
    body = [formatting.row(line) for line in report.workers]
    lines = [
        _row(formatting.COLUMNS),
        _row(("---",) * len(formatting.COLUMNS)),
        *(_row(_escaped(row)) for row in body),
        _row(f"**{cell}**" for cell in _escaped(formatting.total_row(report.totals))),
        "",
        _text(formatting.footnotes(report.totals)),
    ]
    for title, block in (
        ("", formatting.facts(report)),
        ("Thresholds", formatting.thresholds(report)),
        ("Differences", formatting.differences(report)),
        ("Warnings", report.warnings),
    ):
        if block:
            lines += ["", *([f"**{title}**", ""] if title else []), *(f"- {_text(line)}" for line in block)]
    return "\n".join(lines) + "\n"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(cells: Iterable[str]) -> list[str]:
    return [_text(cell).replace("|", "\\|") for cell in cells]


def _text(line: str) -> str:
    """A line whose own characters are not taken for markup, nor its breaks for the end of a row."""
    for mark in ("\\", "*", "_", "`", "<"):
        line = line.replace(mark, "\\" + mark)
    return one_line(line)
