"""The seed's table for a terminal or a file, and the lines that go with it."""

from aggregate.render import formatting
from aggregate.render.box import box
from aggregate.report import Report


def render(report: Report) -> str:
    """The table in box characters, its footnotes, then facts, thresholds, differences and warnings."""
    lines = box(
        formatting.COLUMNS, [formatting.row(line) for line in report.workers], formatting.total_row(report.totals)
    )
    lines.append(formatting.footnotes(report.totals))
    for block in (
        formatting.facts(report),
        [f"threshold {line}" for line in formatting.thresholds(report)],
        [f"difference: {line}" for line in formatting.differences(report)],
        [f"warning: {line}" for line in report.warnings],
    ):
        lines += ["", *block] if block else []
    return "\n".join(lines) + "\n"
