"""Parse thresholds on the metrics of a run: `rows_per_second >= 50000`, `latency_ms.p99 < 40`.

They are parsed before anything is created, and checked against the whole fleet after the run.
"""

import difflib
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.errors import SettingsError
from core.metrics import METRICS, Metric
from core.settings_key import setting_key

_HOLDS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
_FORM = re.compile(r"([^\s<>=!]+)\s*(>=|<=|==|!=|>|<)\s*(-?\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)")
_EXAMPLE = "use for example 'rows_per_second >= 50000' or 'latency_ms.p99 < 40'"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A metric, a comparison operator and a bound. `text` is what the user wrote."""

    text: str
    metric: Metric
    comparison: str
    bound: float

    def holds(self, value: float) -> bool:
        """Return whether a measured value is within the bound."""
        return _HOLDS[self.comparison](value, self.bound)


def parse_threshold(text: str, key: str = setting_key("thresholds")) -> Threshold:
    """Parse one threshold. Raises SettingsError with `key`, the text and the remedy."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise SettingsError.of(
            key, text, "is not a threshold: a metric, a comparison (>= <= == != > <), a number", _EXAMPLE
        )
    name, comparison, bound = match.groups()
    if name not in METRICS:
        raise SettingsError.of(key, text, f"names {name!r}, which is not a metric", _nearest(name))
    return Threshold(text=text.strip(), metric=METRICS[name], comparison=comparison, bound=float(bound))


def parse_thresholds(texts: Sequence[str], key: str = setting_key("thresholds")) -> tuple[Threshold, ...]:
    """Parse all thresholds of a stack. Raises SettingsError for the first invalid one."""
    return tuple(parse_threshold(text, key) for text in texts)


def _nearest(name: str) -> str:
    close = difflib.get_close_matches(name, METRICS, n=3, cutoff=0.5)
    return f"use {' or '.join(close)}" if close else f"use one of {', '.join(METRICS)}"
