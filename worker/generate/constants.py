"""Values that the schema lists: all of one column are in one small Arrow array, and a row gathers its own."""

import numpy as np
import pyarrow as pa

from spec.generators import OneOf
from worker.generate.arrow import arrow_type
from worker.generate.sampler import sampler
from worker.generate.site import ColumnFunction, Site


def one_of(site: Site, generator: OneOf) -> ColumnFunction:
    """The value at an ordinal."""
    values = pa.array(list(generator.values), arrow_type(site.column.type))
    sample = sampler(site, len(values), generator.distribution)
    return lambda rows: values.take(pa.array(sample(rows).astype(np.int32)))
