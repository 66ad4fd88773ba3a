"""The seed's table for a terminal or a file, and the lines that go with it."""

from rich.cells import cell_len, set_cell_size

from aggregate.render import words
from aggregate.report import Report


def render(report: Report) -> str:
    """The table in box characters, its footnotes, then facts, differences and warnings."""
    body = [words.row(line) for line in report.workers]
    total = words.total_row(report.totals)
    widths = [max(cell_len(row[column]) for row in (words.COLUMNS, *body, total)) for column in range(len(total))]
    lines = [
        _rule(widths, "┌", "┬", "┐"),
        _cells(words.COLUMNS, widths),
        _rule(widths, "├", "┼", "┤"),
        *(_cells(row, widths) for row in body),
        _rule(widths, "├", "┼", "┤"),
        _cells(total, widths),
        _rule(widths, "└", "┴", "┘"),
        words.footnotes(report.totals),
    ]
    for block in (
        words.facts(report),
        [f"difference: {line}" for line in words.differences(report)],
        [f"warning: {line}" for line in report.warnings],
    ):
        lines += ["", *block] if block else []
    return "\n".join(lines) + "\n"


def _rule(widths: list[int], left: str, middle: str, right: str) -> str:
    return left + middle.join("─" * (width + 2) for width in widths) + right


def _cells(row: tuple[str, ...], widths: list[int]) -> str:
    return "│" + "│".join(f" {set_cell_size(cell, width)} " for cell, width in zip(row, widths, strict=True)) + "│"
