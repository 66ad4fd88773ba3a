"""A run's figures against the bounds that its stack sets for them."""

from collections.abc import Iterable

from aggregate.report import Judgement, Percentiles, Totals, Verification
from core.thresholds import Metric, Threshold


def judge(
    thresholds: Iterable[Threshold],
    totals: Totals,
    latency_ms: Percentiles | None,
    verification: Verification | None,
) -> tuple[Judgement, ...]:
    """Each threshold over the whole fleet, in the stack's order. What was not measured does not hold."""
    groups = {"": totals, "latency_ms": latency_ms, "verification": verification}
    judged: list[Judgement] = []
    for threshold in thresholds:
        value = _value(threshold.metric, groups)
        held = value is not None and threshold.holds(value)
        judged.append(Judgement(threshold=threshold.text, value=value, held=held))
    return tuple(judged)


def _value(metric: Metric, groups: dict[str, Totals | Percentiles | Verification | None]) -> float | None:
    """A metric's name is the path to its figure: a group of the report and a field of it, or a field of the totals."""
    group, _, name = metric.rpartition(".")
    figures = groups[group]
    value: float | None = getattr(figures, name) if figures is not None else None
    return value
