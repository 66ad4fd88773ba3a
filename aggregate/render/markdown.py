"""The table as GitHub shows it, for a comment or a job summary."""

from collections.abc import Iterable

from aggregate.render import words
from aggregate.report import Report


def render(report: Report) -> str:
    """The same table, facts, differences and warnings as for a terminal."""
    body = [words.row(line) for line in report.workers]
    lines = [
        _row(words.COLUMNS),
        _row(("---",) * len(words.COLUMNS)),
        *(_row(_escaped(row)) for row in body),
        _row(f"**{cell}**" for cell in _escaped(words.total_row(report.totals))),
        "",
        _text(words.footnotes(report.totals)),
    ]
    for title, block in (
        ("", words.facts(report)),
        ("Thresholds", words.thresholds(report)),
        ("Differences", words.differences(report)),
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
    return " ".join(line.split())
