"""Values that the schema lists: all of one column are in one small Arrow array, and a row gathers its own."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from core.schema.generators import Null, OneOf, Static
from core.schema.types import DataType
from core.schema.values import read_value
from worker.generate.arrow import arrow_type
from worker.generate.sampler import Sampler, sampler, weighted_sampler
from worker.generate.site import ColumnFunction, Site


def vocabulary(values: Iterable[object], type_: DataType) -> pa.Array:
    """Values of the schema as an array of the column's type."""
    return pa.array([read_value(value, type_) for value in values], arrow_type(type_))


def gathered(values: pa.Array, sample: Sampler) -> ColumnFunction:
    """The value at each row's ordinal."""
    return lambda rows: values.take(pa.array(sample(rows).astype(np.int32)))


def one_of(site: Site, generator: OneOf) -> ColumnFunction:
    """The value at an ordinal, by weights or by a distribution."""
    values = vocabulary(generator.values, site.column.type)
    if generator.weights is not None:
        return gathered(values, weighted_sampler(site, generator.weights))
    return gathered(values, sampler(site, len(values), generator.distribution))


def static(site: Site, generator: Static) -> ColumnFunction:
    """One value for all."""
    values = vocabulary([generator.value], site.column.type)
    return lambda rows: values.take(pa.array(np.zeros(len(rows), np.int8)))


def null(site: Site, _: Null) -> ColumnFunction:
    """Nothing for all."""
    arrow = arrow_type(site.column.type)
    return lambda rows: pa.nulls(len(rows), arrow)
