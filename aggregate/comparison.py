"""Compare two reports, or two sets of repeated runs: the change of each metric, and whether it is a regression."""

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from aggregate.report import Report, worker_order
from aggregate.warnings import worker_names
from core.errors import ExitCode, InputError
from core.metrics import METRICS, Better

RESAMPLES = 10_000
_SEED = 42
_FEW = 2
_T_QUANTILES = {
    2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262, 10: 2.228, 11: 2.201, 12: 2.179,
    13: 2.160, 14: 2.145, 15: 2.131, 16: 2.120, 17: 2.110, 18: 2.101, 19: 2.093, 20: 2.086, 25: 2.060, 30: 2.042,
}  # fmt: skip
"""Student's t at 97.5 %, by degrees of freedom."""

NOT_COMPARED = frozenset({"run_id", "thresholds", "timeout_seconds", "connect_seconds"})
"""Fields of a plan that may differ between comparable runs: they do not change how a worker loads a row."""


COMPARED: Mapping[str, Better] = {name: metric.better for name, metric in METRICS.items() if metric.better is not None}
"""The metrics that are compared, with the direction in which each improves."""
GATED = ("rows_per_second", "wall_clock_rows_per_second")
"""The metrics that the bound applies to by default. The wall clock also shows a single slow worker of many."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Change(_Part):
    """One metric: the mean of each side's runs, the change as a share of the base, and its interval."""

    name: str
    base: float
    head: float
    change: float
    low: float | None = None
    high: float | None = None
    gated: bool = False
    regression: bool = False


class Comparison(_Part):
    """All metrics that both sides have. An interval needs at least two runs on each side."""

    base: tuple[str, ...]
    head: tuple[str, ...]
    max_regression: float
    changes: tuple[Change, ...]
    workers: tuple[Change, ...]
    """The workers whose own rate dropped by more than the bound."""
    notes: tuple[str, ...] = ()
    exit_code: ExitCode
    base_reports: tuple[Report, ...] = Field(default=(), exclude=True, repr=False)
    head_reports: tuple[Report, ...] = Field(default=(), exclude=True, repr=False)
    """The compared reports, for the charts of the page; the JSON form has their names only."""


def compare(
    base: Sequence[Report],
    head: Sequence[Report],
    max_regression: float,
    *,
    gated: Sequence[str] = GATED,
    different_plans: bool = False,
) -> Comparison:
    """Compare two sides of one or several runs.

    A gated metric is a regression if it is worse by more than `max_regression` (a share) and if its interval, where there
    is one, does not contain zero. Raises InputError for runs that cannot be compared, with the difference.
    """
    reports = [*base, *head]
    for report in reports:
        _require_finished(report)
    if not different_plans:
        for report in reports[1:]:
            _require_same_plan(reports[0], report)
    changes = [
        _change(name, [_read(r, name) for r in base], [_read(r, name) for r in head], max_regression, better, gated)
        for name, better in COMPARED.items()
        if all(_read(report, name) is not None for report in reports)
    ]
    return Comparison(
        base=tuple(report.name for report in base),
        head=tuple(report.name for report in head),
        max_regression=max_regression,
        changes=tuple(changes),
        workers=tuple(_slower_workers(base, head, max_regression)),
        notes=(*_not_measured(reports, gated), *_notes(base, head)),
        exit_code=ExitCode.THRESHOLD if any(change.regression for change in changes) else ExitCode.OK,
        base_reports=tuple(base),
        head_reports=tuple(head),
    )


def interval(base: Sequence[float], head: Sequence[float]) -> tuple[float, float]:
    """Return a 95 % bootstrap interval of the change of the mean, with percentiles expanded for small samples.

    A plain percentile interval of three runs is far too narrow. Source: Hesterberg, "What Teachers Should Know About the
    Bootstrap", The American Statistician 69 (2015), section 3.3.
    """
    random = np.random.default_rng(_SEED)
    bases, heads = (
        random.choice(np.asarray(values, dtype=float), size=(RESAMPLES, len(values))).mean(axis=1)
        for values in (base, head)
    )
    smaller = min(len(base), len(head))
    degrees = len(base) + len(head) - 2
    spread = _T_QUANTILES[max(known for known in _T_QUANTILES if known <= degrees)]
    tail = NormalDist().cdf(-math.sqrt(smaller / (smaller - 1)) * spread)
    low, high = np.quantile(heads / bases - 1, (tail, 1 - tail))
    return float(low), float(high)


def _change(
    name: str,
    base: Sequence[Any],
    head: Sequence[Any],
    bound: float,
    better: Better,
    gated: Sequence[str],
) -> Change:
    before, after = float(np.mean(base)), float(np.mean(head))
    change = after / before - 1 if before else 0.0
    # The change from zero is not a number: compute an interval only if the base is positive in every run.
    low, high = interval(base, head) if min(len(base), len(head)) > 1 and min(base) > 0 else (None, None)
    worse = -change if better is Better.HIGHER else change
    nearest = high if better is Better.HIGHER else low
    significant = nearest is None or (nearest < 0 if better is Better.HIGHER else nearest > 0)
    return Change(
        name=name,
        base=before,
        head=after,
        change=change,
        low=low,
        high=high,
        gated=name in gated,
        regression=name in gated and worse > bound and significant,
    )


def _slower_workers(base: Sequence[Report], head: Sequence[Report], bound: float) -> Iterator[Change]:
    before, after = _worker_rates(base), _worker_rates(head)
    for name in sorted(before.keys() & after.keys(), key=worker_order):
        rates = _change(name, before[name], after[name], bound, Better.HIGHER, gated=(name,))
        if rates.regression:
            yield rates


def _worker_rates(reports: Sequence[Report]) -> dict[str, list[float]]:
    rates: dict[str, list[float]] = {}
    for line in (line for report in reports for line in report.workers):
        if line.rows_per_second is not None:
            rates.setdefault(line.worker_id, []).append(line.rows_per_second)
    return rates


def _read(report: Report, name: str) -> float | None:
    return METRICS[name].read(report)


def _require_finished(report: Report) -> None:
    bad = [line.worker_id for line in report.workers if not line.status.finished or line.attempt > 1]
    if bad or not report.workers:
        raise InputError(
            f"run {report.name}: cannot be compared: {worker_names(bad) or 'every worker'} failed or was restarted; "
            "compare runs in which all workers finished at their first attempt"
        )


def _require_same_plan(one: Report, other: Report) -> None:
    for report in (one, other):
        if report.plan is None:
            raise InputError(f"run {report.name}: has no plan; compare it with --allow-different-plans")
    differing = list(_differing(_identity(one), _identity(other)))
    if differing:
        shown = "; ".join(differing[:5]) + (f"; and {len(differing) - 5} more" if len(differing) > 5 else "")
        raise InputError(
            f"runs {one.name} and {other.name} have different plans: {shown}; "
            "run the same plan twice, or add --allow-different-plans"
        )


def _identity(report: Report) -> dict[str, Any]:
    plan = report.plan.model_dump(mode="json", exclude=set(NOT_COMPARED)) if report.plan else {}
    return {"platform": report.platform, **plan}


def _differing(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Yield `limits.cpu: 0.5 and 1.0` for each leaf that differs. Lists of unequal length are one difference."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            yield from _differing(one.get(key), other.get(key), f"{path}.{key}" if path else key)
    elif isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            yield f"{path}: {len(one)} and {len(other)} items"
        else:
            for place, (left, right) in enumerate(zip(one, other, strict=True)):
                yield from _differing(left, right, f"{path}[{place}]")
    elif one != other:
        yield f"{path}: {one} and {other}"


def _not_measured(reports: Sequence[Report], gated: Sequence[str]) -> Iterator[str]:
    """Yield a note for each gated metric that a run lacks: the sum of rates of workers that did not run together."""
    for name in gated:
        without = [report.name for report in reports if _read(report, name) is None]
        if without:
            yield f"{name}: not compared, because it was not measured in {worker_names(without)}"


def _notes(base: Sequence[Report], head: Sequence[Report]) -> Iterator[str]:
    if min(len(base), len(head)) == 1:
        yield "no intervals with one run on a side: repeat the runs to distinguish a change from noise"
    elif min(len(base), len(head)) == _FEW:
        yield "wide intervals with two runs on a side: use three or more to distinguish a change from noise"
    for text in _differing(base[0].server_settings, head[0].server_settings):
        yield f"server setting {text}"
