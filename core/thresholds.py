"""Bounds on a run's figures, as a stack states them: `rows_per_second >= 50000`, `latency_ms.p99 < 40`.

Read at preview, so that a mistake costs no run; judged over the whole fleet when the results are in.
"""

import difflib
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.errors import SettingsError


class Metric(StrEnum):
    """The figures of the whole fleet that a threshold may bound, as the report's JSON names them."""

    ROWS = "rows"
    ROWS_PER_SECOND = "rows_per_second"
    WALL_CLOCK_ROWS_PER_SECOND = "wall_clock_rows_per_second"
    DURATION_MS = "duration_ms"
    WALL_CLOCK_MS = "wall_clock_ms"
    START_SPREAD_MS = "start_spread_ms"
    BYTES_WRITTEN = "bytes_written"
    FAILED_WORKERS = "failed_workers"
    MISSING_WORKERS = "missing_workers"
    RETRIED_WORKERS = "retried_workers"
    PEAK_MEMORY_MB = "peak_memory_mb"
    THROTTLED_MS = "throttled_ms"
    LATENCY_P50 = "latency_ms.p50"
    LATENCY_P90 = "latency_ms.p90"
    LATENCY_P99 = "latency_ms.p99"
    LATENCY_P999 = "latency_ms.p999"
    LATENCY_MAX = "latency_ms.max"
    VERIFICATION_EXPECTED = "verification.expected"
    VERIFICATION_FOUND = "verification.found"
    VERIFICATION_MISSING = "verification.missing"
    VERIFICATION_MISMATCHED = "verification.mismatched"
    VERIFICATION_MATCHED = "verification.matched"
    VERIFICATION_EXTRA = "verification.extra"


_HOLDS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
_FORM = re.compile(r"([^\s<>=!]+)\s*(>=|<=|==|!=|>|<)\s*(-?\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)")
_EXAMPLE = "write one like 'rows_per_second >= 50000' or 'latency_ms.p99 < 40'"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A metric, how it must compare, and with what; `text` is what the user wrote."""

    text: str
    metric: Metric
    comparison: str
    bound: float

    def holds(self, value: float) -> bool:
        """Whether a measured value is within the bound."""
        return _HOLDS[self.comparison](value, self.bound)


def parse_threshold(text: str, key: str = "loadtest:thresholds") -> Threshold:
    """Read one threshold; raises SettingsError that names `key`, the text and what to write instead."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise SettingsError.of(
            key, text, "is no threshold: a metric, a comparison (>= <= == != > <), a number", _EXAMPLE
        )
    name, comparison, bound = match.groups()
    try:
        metric = Metric(name)
    except ValueError:
        raise SettingsError.of(key, text, f"names {name!r}, which is no metric", _nearest(name)) from None
    return Threshold(text=text.strip(), metric=metric, comparison=comparison, bound=float(bound))


def parse_thresholds(texts: Sequence[str], key: str = "loadtest:thresholds") -> tuple[Threshold, ...]:
    """Read all of a stack's thresholds; raises SettingsError for the first that is none."""
    return tuple(parse_threshold(text, key) for text in texts)


def _nearest(name: str) -> str:
    close = difflib.get_close_matches(name, list(Metric), n=3, cutoff=0.5)
    return f"write {' or '.join(close)}" if close else f"write one of {', '.join(Metric)}"
