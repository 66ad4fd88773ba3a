"""Inverse distribution functions as tables: a draw of 64 bits finds its segment, and its place in it.

The tables are computed in decimal arithmetic and the lookup in integers and IEEE operations that round one way only
(no logarithm, no power), so that every platform and every version of NumPy finds the same values.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate, pairwise

import numpy as np

from worker.generate.stream import Draws, Ordinals

_WHOLE = 1 << 64
_DIGITS = 40
_HEAD = 1024
"""So many of the first ranks of a zipf distribution have their exact share; beyond, a segment widens by 2 %."""
_GROWTH = Fraction(51, 50)
_EXACT = 512
"""A normal distribution over at most so many values has each one's exact share."""
_STEPS = 32
_REACH = 8
"""Beyond, segments are a 32nd of a standard deviation wide, as far as 8 of them from the mean."""


class Quantiles:
    """An inverse distribution function over [0, size), linear within each of its segments."""

    def __init__(self, edges: Sequence[int], masses: Iterable[Decimal]) -> None:
        """`edges` are the segments' first ordinals and the end; `masses` their shares, which need not add up to one."""
        with localcontext(prec=_DIGITS):
            sums = list(accumulate(masses))
            bounds = [0, *(int(part * _WHOLE / sums[-1]) for part in sums)]
        kept = [number for number in range(len(bounds) - 1) if bounds[number] < bounds[number + 1]]
        widths = [edges[number + 1] - edges[number] for number in kept]
        shares = [bounds[number + 1] - bounds[number] for number in kept]
        self._bounds = np.array([bounds[number] for number in kept], np.uint64)
        self._starts = np.array([edges[number] for number in kept], np.uint64)
        self._last = np.array([width - 1 for width in widths], np.uint64)
        self._scale = np.array([width / share for width, share in zip(widths, shares, strict=True)], np.float64)
        self._wide = max(widths) > 1

    def __call__(self, draws: Draws) -> Ordinals:
        """The ordinal at each draw."""
        segments = np.searchsorted(self._bounds, draws, side="right") - 1
        ordinals = self._starts[segments]
        if self._wide:
            within = (draws - self._bounds[segments]).astype(np.float64) * self._scale[segments]
            ordinals += np.minimum(within.astype(np.uint64), self._last[segments])
        return ordinals


@lru_cache(maxsize=64)
def weighted(weights: tuple[float, ...]) -> Quantiles:
    """Ordinals in proportion to their weights."""
    return Quantiles(range(len(weights) + 1), [Decimal(weight) for weight in weights])


@lru_cache(maxsize=64)
def zipf(size: int, exponent: float) -> Quantiles:
    """Ordinals in proportion to `(ordinal + 1) ** -exponent`.

    Ranks beyond the first 1,024 share segments, whose mass is the integral between their half-way edges: right to a
    ten-millionth there (the error of the midpoint rule).
    """
    with localcontext(prec=_DIGITS):
        power = Decimal(exponent)
        head = min(size, _HEAD)
        masses = [(-power * Decimal(rank).ln()).exp() for rank in range(1, head + 1)]
        edges = list(range(head + 1))
        half = Decimal("0.5")
        while edges[-1] < size:
            edges.append(min(size, int(edges[-1] * _GROWTH) + 1))
            masses.append(_integral(power, edges[-2] + half, edges[-1] + half))
        return Quantiles(edges, masses)


def _integral(power: Decimal, low: Decimal, high: Decimal) -> Decimal:
    """The integral of `x ** -power`."""
    if power == 1:
        return high.ln() - low.ln()
    rest = 1 - power
    return ((rest * high.ln()).exp() - (rest * low.ln()).exp()) / rest


@lru_cache(maxsize=64)
def normal(size: int, mean: float, stddev: float) -> Quantiles:
    """Ordinals by a normal distribution of this mean and standard deviation, cut off at the first and the last."""
    centre, spread = Fraction(mean), Fraction(stddev)
    low = max(0, int(centre - _REACH * spread))
    high = min(size, int(centre + _REACH * spread) + 2)
    if high - low <= _EXACT:
        edges = list(range(low, high + 1))
    else:
        steps = range(-_REACH * _STEPS, _REACH * _STEPS + 1)
        inner = {int(centre + spread * step / _STEPS) for step in steps}
        edges = sorted({low, high, *(edge for edge in inner if low < edge < high)})
    with localcontext(prec=_DIGITS):
        below = [_phi((_exact(edge - centre) - Decimal("0.5")) / _exact(spread)) for edge in edges]
        return Quantiles(edges, [after - before for before, after in pairwise(below)])


def _exact(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)


def _phi(z: Decimal) -> Decimal:
    """The standard normal distribution function, by its series in odd powers (all terms of one sign)."""
    term = total = abs(z)
    square, divisor = z * z, 1
    while term > total * Decimal("1e-30"):
        divisor += 2
        term = term * square / divisor
        total += term
    part = total * (-square / 2).exp() / (2 * _PI).sqrt()
    return Decimal("0.5") + part.copy_sign(z)


_PI = Decimal("3.141592653589793238462643383279502884197169399375")
