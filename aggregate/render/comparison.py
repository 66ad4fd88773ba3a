"""A comparison for people: every figure of both sides, its change, its interval, the verdict."""

from collections.abc import Sequence

from aggregate.comparison import Change, Comparison
from aggregate.render import formatting
from aggregate.render.box import box

COLUMNS = ("Metric", "Base", "Head", "Change", "95% interval", "Verdict")


def table(comparison: Comparison) -> str:
    """In box characters."""
    lines = box(COLUMNS, [_row(change) for change in comparison.changes])
    return "\n".join([*lines, *_below(comparison)]) + "\n"


def markdown(comparison: Comparison) -> str:
    """As GitHub shows it."""
    rows = [COLUMNS, ("---",) * len(COLUMNS), *(_row(change) for change in comparison.changes)]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([*lines, "", *(f"- {line}" for line in _below(comparison))]) + "\n"


def json(comparison: Comparison) -> str:
    """As JSON."""
    return comparison.model_dump_json(indent=2) + "\n"


FORMATS = {"table": table, "markdown": markdown, "json": json}


def _row(change: Change) -> tuple[str, ...]:
    interval = f"{_share(change.low)} to {_share(change.high)}" if change.low is not None else formatting.NONE
    verdict = ("regression" if change.regression else "ok") if change.gated else formatting.NONE
    return (change.name, _figure(change.base), _figure(change.head), _share(change.change), interval, verdict)


def _below(comparison: Comparison) -> Sequence[str]:
    judged = [change.name for change in comparison.changes if change.regression]
    percent = f"{comparison.max_regression * 100:g}%"
    return [
        f"base: {', '.join(comparison.base)}  head: {', '.join(comparison.head)}",
        *(
            f"{each.name}: {_figure(each.base)} to {_figure(each.head)} rows/sec ({_share(each.change)})"
            for each in comparison.workers
        ),
        *comparison.notes,
        f"regression beyond {percent}: {', '.join(judged)}" if judged else f"no regression beyond {percent}",
    ]


def _figure(value: float) -> str:
    return f"{value:,.2f}".removesuffix("0").removesuffix(".0")


def _share(value: float | None) -> str:
    return formatting.NONE if value is None else f"{value * 100:+.1f}%"
