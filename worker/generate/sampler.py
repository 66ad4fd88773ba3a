"""Which of `size` possible values each row has: the one place where distributions and uniqueness are made."""

from collections.abc import Callable

from spec.distributions import Distribution, Uniform
from worker.generate.site import Site
from worker.generate.stream import Ordinals, RowNumbers, below

Sampler = Callable[[RowNumbers], Ordinals]


def sampler(site: Site, size: int, distribution: Distribution = Uniform()) -> Sampler:  # noqa: B008 - frozen
    """A function from row numbers to ordinals in [0, size), by the distribution."""
    stream = site.stream()
    return lambda rows: below(stream.draws(rows), size)
