"""A table in box characters, left-aligned, as wide as its widest cells."""

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size


def box(header: Sequence[str], body: Sequence[Sequence[str]], footer: Sequence[str] | None = None) -> list[str]:
    """The table's lines; a footer stands below a rule of its own."""
    ends = [] if footer is None else [footer]
    widths = [max(cell_len(row[column]) for row in (header, *body, *ends)) for column in range(len(header))]
    lines = [_rule(widths, "┌", "┬", "┐"), _cells(header, widths), _rule(widths, "├", "┼", "┤")]
    lines += [_cells(row, widths) for row in body]
    for row in ends:
        lines += [_rule(widths, "├", "┼", "┤"), _cells(row, widths)]
    return [*lines, _rule(widths, "└", "┴", "┘")]


def _rule(widths: Sequence[int], left: str, middle: str, right: str) -> str:
    return left + middle.join("─" * (width + 2) for width in widths) + right


def _cells(row: Sequence[str], widths: Sequence[int]) -> str:
    return "│" + "│".join(f" {set_cell_size(cell, width)} " for cell, width in zip(row, widths, strict=True)) + "│"
