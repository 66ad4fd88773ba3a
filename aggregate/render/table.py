"""The seed's table for a terminal or a file, and the lines that go with it."""

from aggregate.render import words
from aggregate.render.box import box
from aggregate.report import Report


def render(report: Report) -> str:
    """The table in box characters, its footnotes, then facts, thresholds, differences and warnings."""
    lines = box(words.COLUMNS, [words.row(line) for line in report.workers], words.total_row(report.totals))
    lines.append(words.footnotes(report.totals))
    for block in (
        words.facts(report),
        [f"threshold {line}" for line in words.thresholds(report)],
        [f"difference: {line}" for line in words.differences(report)],
        [f"warning: {line}" for line in report.warnings],
    ):
        lines += ["", *block] if block else []
    return "\n".join(lines) + "\n"
