"""Instants, dates, times of day and durations."""

import numpy as np

from spec.generators import TimestampRecent
from worker.generate.arrow import arrow_type
from worker.generate.buffers import fixed_width
from worker.generate.sampler import sampler
from worker.generate.site import ColumnFunction, Site

_MILLISECOND = 1000
_DAY = 86_400_000_000


def timestamp_recent(site: Site, generator: TimestampRecent) -> ColumnFunction:
    """A millisecond within the days before the base instant."""
    first = site.base_microseconds - generator.days * _DAY
    sample = sampler(site, generator.days * _DAY // _MILLISECOND, generator.distribution)
    arrow = arrow_type(site.column.type)
    return lambda rows: fixed_width(arrow, sample(rows).view(np.int64) * _MILLISECOND + first)
