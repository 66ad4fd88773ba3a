"""Select one of `size` possible values for each row. All distributions and uniqueness are implemented here."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate, pairwise
from math import isqrt

import numpy as np

from core.schema.generators import UNIFORM, Distribution, Normal, Zipf
from worker.generate.column_context import ColumnContext
from worker.generate.stream import U64, Draws, Ordinals, RowNumbers, Stream, below

_ROUNDS = 6
_WHOLE = 1 << 64
_DIGITS = 40
_HEAD = 1024
"""The number of first ranks of a zipf distribution with exact shares. Later segments grow by 2 % each."""
_GROWTH = Fraction(51, 50)
_EXACT = 512
"""The most values of a normal distribution with an exact share each. With more values, those of a segment have equal shares."""
_STEPS = 32
"""Segments per standard deviation."""
_REACH = 8
"""Standard deviations from the mean to the lowest and the highest value."""
_PI = Decimal("3.141592653589793238462643383279502884197169399375")
Sampler = Callable[[RowNumbers], Ordinals]


class Permutation:
    """A one-to-one function of [0, size) onto itself, without memory per value; size is at most 2**64.

    A Feistel network over pairs of digits of mixed radix (Black and Rogaway: Ciphers with arbitrary finite domains, CT-RSA
    2002). A result outside the domain is encrypted again. The radices are close to the square root of the size, so that
    this is rare.
    """

    def __init__(self, size: int, *purpose: object) -> None:
        self.size = size
        self._left = isqrt(size - 1) + 1
        self._right = -(-size // self._left)
        self._rounds = [Stream.of(*purpose, "round", number) for number in range(_ROUNDS)]

    def __call__(self, rows: RowNumbers) -> Ordinals:
        """Return each row's ordinal; every row must be below the size."""
        ordinals = self._encipher(rows)
        if self._left * self._right > self.size:
            while len(outside := np.flatnonzero(ordinals >= U64(self.size))):
                ordinals[outside] = self._encipher(ordinals[outside])
        return ordinals

    def _encipher(self, numbers: RowNumbers) -> Ordinals:
        left, right = np.divmod(numbers, U64(self._right))
        for number, stream in enumerate(self._rounds):
            if number % 2 == 0:
                left = _add_modulo(left, below(stream.draws(right), self._left), self._left)
            else:
                right = _add_modulo(right, below(stream.draws(left), self._right), self._right)
        return left * U64(self._right) + right


def _add_modulo(numbers: Ordinals, others: Ordinals, modulus: int) -> Ordinals:
    """Return the sum of two numbers modulo a modulus of at most 2**32; both are below it."""
    total = numbers + others
    return np.where(total >= U64(modulus), total - U64(modulus), total)


class Quantiles:
    """An inverse distribution function over [0, size), linear within each of its segments.

    The table is computed in decimal arithmetic. The lookup uses integers and IEEE operations with one possible result, and
    no logarithm or power, so that every platform and every version of NumPy finds the same values.
    """

    def __init__(self, edges: Sequence[int], masses: Iterable[Decimal]) -> None:
        """Compute the table: `edges` are the first ordinals of the segments and the end; `masses` are their relative shares."""
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
        """Return the ordinal of each draw."""
        segments = np.searchsorted(self._bounds, draws, side="right") - 1
        ordinals = self._starts[segments]
        if self._wide:
            within = (draws - self._bounds[segments]).astype(np.float64) * self._scale[segments]
            ordinals += np.minimum(within.astype(np.uint64), self._last[segments])
        return ordinals


@lru_cache(maxsize=64)
def weighted(weights: tuple[float, ...]) -> Quantiles:
    """Return ordinals in proportion to their weights."""
    return Quantiles(range(len(weights) + 1), [Decimal(weight) for weight in weights])


@lru_cache(maxsize=64)
def zipf(size: int, exponent: float) -> Quantiles:
    """Return ordinals in proportion to `(ordinal + 1) ** -exponent`.

    Ranks beyond the first 1,024 share segments. The mass of a segment is the integral between its half-way edges, with a
    relative error of 1e-7 (midpoint rule).
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
    """Return the integral of `x ** -power`."""
    if power == 1:
        return high.ln() - low.ln()
    rest = 1 - power
    return ((rest * high.ln()).exp() - (rest * low.ln()).exp()) / rest


@lru_cache(maxsize=64)
def normal(size: int, mean: float, stddev: float) -> Quantiles:
    """Return ordinals by a normal distribution, cut off at the first and the last ordinal."""
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
        shares = [_phi((_exact(edge - centre) - Decimal("0.5")) / _exact(spread)) for edge in edges]
        return Quantiles(edges, [after - before for before, after in pairwise(shares)])


def _exact(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)


def _phi(z: Decimal) -> Decimal:
    """Return the standard normal distribution function, by its series in odd powers (all terms of one sign)."""
    term = total = abs(z)
    square, divisor = z * z, 1
    while term > total * Decimal("1e-30"):
        divisor += 2
        term = term * square / divisor
        total += term
    part = total * (-square / 2).exp() / (2 * _PI).sqrt()
    return Decimal("0.5") + part.copy_sign(z)


def sampler(
    context: ColumnContext,
    size: int,
    distribution: Distribution = UNIFORM,
    *,
    origin: float = 0.0,
    unit: float = 1.0,
    purpose: str = "value",
) -> Sampler:
    """Return a function from row numbers to ordinals in [0, size), by the distribution.

    If the column is unique, each ordinal occurs once. The mean and deviation of a normal distribution are in the
    unit of the schema: the first ordinal is at `origin`, and one ordinal spans `unit`.
    """
    if context.column.unique and purpose == "value":
        return _once_each(context, size)
    stream = context.stream(purpose)
    match distribution:
        case Zipf(exponent=exponent):
            table = zipf(size, exponent)
        case Normal(mean=mean, stddev=stddev):
            middle = (size - 1) / 2 if mean is None else (mean - origin) / unit
            table = normal(size, middle, max(size, 1) / 6 if stddev is None else stddev / unit)
        case _:
            return lambda rows: below(stream.draws(rows), size)
    return lambda rows: table(stream.draws(rows))


def weighted_sampler(context: ColumnContext, weights: tuple[float, ...]) -> Sampler:
    """Return a function from row numbers to positions in the weights."""
    table, stream = weighted(weights), context.stream()
    return lambda rows: table(stream.draws(rows))


def chance(stream: Stream, probability: float) -> Callable[[RowNumbers], np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Return a function that is true for this share of the rows."""
    if probability >= 1:
        return lambda rows: np.ones(len(rows), np.bool_)
    bound = U64(int(probability * 2.0**64))
    return lambda rows: stream.draws(rows) < bound


def _once_each(context: ColumnContext, size: int) -> Sampler:
    permutation = Permutation(size, context.seed, context.table.name, context.column.name)

    def ordinals(rows: RowNumbers) -> Ordinals:
        if len(rows) and int(rows.max()) >= size:
            remedy = "load fewer rows, widen its range, or drop unique"
            raise context.error(
                "unique", int(rows.max()), f"is a row beyond the {size:,} different values of the column", remedy
            )
        return permutation(rows)

    return ordinals
