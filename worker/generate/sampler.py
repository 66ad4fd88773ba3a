"""Which of `size` possible values each row has: the one place where distributions and uniqueness are made."""

from collections.abc import Callable

import numpy as np

from core.schema.generators import UNIFORM, Distribution, Normal, Zipf
from worker.generate.permutation import Permutation
from worker.generate.quantiles import normal, weighted, zipf
from worker.generate.site import Site
from worker.generate.stream import U64, Ordinals, RowNumbers, Stream, below

Sampler = Callable[[RowNumbers], Ordinals]


def sampler(
    site: Site,
    size: int,
    distribution: Distribution = UNIFORM,
    *,
    origin: float = 0.0,
    unit: float = 1.0,
    purpose: str = "value",
) -> Sampler:
    """A function from row numbers to ordinals in [0, size), by the distribution; each once where the column is unique.

    A normal distribution's mean and deviation are in the schema's own unit, of which the first ordinal is at `origin`
    and one ordinal spans `unit`.
    """
    if site.column.unique and purpose == "value":
        return _once_each(site, size)
    stream = site.stream(purpose)
    match distribution:
        case Zipf(exponent=exponent):
            table = zipf(size, exponent)
        case Normal(mean=mean, stddev=stddev):
            middle = (size - 1) / 2 if mean is None else (mean - origin) / unit
            table = normal(size, middle, max(size, 1) / 6 if stddev is None else stddev / unit)
        case _:
            return lambda rows: below(stream.draws(rows), size)
    return lambda rows: table(stream.draws(rows))


def weighted_sampler(site: Site, weights: tuple[float, ...]) -> Sampler:
    """A function from row numbers to places among the weights."""
    table, stream = weighted(weights), site.stream()
    return lambda rows: table(stream.draws(rows))


def chance(stream: Stream, probability: float) -> Callable[[RowNumbers], np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """A function that is true for this share of the rows."""
    if probability >= 1:
        return lambda rows: np.ones(len(rows), np.bool_)
    bound = U64(int(probability * 2.0**64))
    return lambda rows: stream.draws(rows) < bound


def _once_each(site: Site, size: int) -> Sampler:
    permutation = Permutation(size, site.seed, site.table.name, site.column.name)

    def ordinals(rows: RowNumbers) -> Ordinals:
        if len(rows) and int(rows.max()) >= size:
            remedy = "ask for fewer rows, widen its range, or drop unique"
            raise site.error("unique", int(rows.max()), f"is a row beyond its {size:,} different values", remedy)
        return permutation(rows)

    return ordinals
