"""A column of the schema into a function of the row number."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from spec.generators import (
    DecimalRange,
    Email,
    IntRange,
    OneOf,
    PersonName,
    Sequential,
    TimestampRecent,
    UuidV4,
)
from worker.generate import constants, identifiers, numbers, people, temporal
from worker.generate.buffers import with_nulls
from worker.generate.site import ColumnFunction, Site
from worker.generate.stream import U64

_BUILDERS: Mapping[type, Callable[[Site, Any], ColumnFunction]] = {
    Sequential: numbers.sequential,
    IntRange: numbers.int_range,
    DecimalRange: numbers.decimal_range,
    TimestampRecent: temporal.timestamp_recent,
    UuidV4: identifiers.uuid_v4,
    OneOf: constants.one_of,
    PersonName: people.person_name,
    Email: people.email,
}


def compile_column(site: Site) -> ColumnFunction:
    """The column's values as a function of row numbers; raises SchemaError where the rows ask for more than it has."""
    function = _BUILDERS[type(site.column.generator)](site, site.column.generator)
    ratio = site.column.null_ratio
    return _nullable(function, site, ratio) if ratio > 0 else function


def _nullable(function: ColumnFunction, site: Site, ratio: float) -> ColumnFunction:
    stream, bound = site.stream("null"), min(round(ratio * 2**64), 2**64 - 1)

    def values(rows: np.ndarray[tuple[int], np.dtype[np.uint64]]) -> Any:
        return with_nulls(function(rows), stream.draws(rows) >= U64(bound))

    return values
