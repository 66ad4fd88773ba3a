"""A column of the schema into a function of the row number."""

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from core.schema import generators as g
from core.schema.checks.capacity import check_column_rows
from worker.generate import (
    composite,
    constants,
    faker_vocabulary,
    identifiers,
    numeric,
    patterns,
    people,
    references,
    temporal,
)
from worker.generate.buffers import with_nulls
from worker.generate.sampler import chance
from worker.generate.site import ColumnFunction, Site
from worker.generate.stream import RowNumbers

_BUILDERS: Mapping[type, Callable[[Site, Any], ColumnFunction]] = {
    g.Sequential: numeric.sequential,
    g.UuidV4: identifiers.uuid_v4,
    g.Ulid: identifiers.ulid,
    g.Pattern: patterns.pattern,
    g.Template: patterns.template,
    g.IntRange: numeric.int_range,
    g.FloatRange: numeric.float_range,
    g.DecimalRange: numeric.decimal_range,
    g.TimestampRange: temporal.timestamp_range,
    g.TimestampRecent: temporal.timestamp_recent,
    g.TimestampNow: temporal.timestamp_now,
    g.DurationRange: temporal.duration_range,
    g.WeightedBool: numeric.weighted_bool,
    g.OneOf: constants.one_of,
    g.SampleArray: composite.sample_array,
    g.Static: constants.static,
    g.Null: constants.null,
    g.RandomBytes: composite.random_bytes,
    g.PointRange: composite.point_range,
    g.PersonName: people.person_name,
    g.Email: people.email,
    g.Faker: faker_vocabulary.faker,
    g.Reference: references.reference,
}
_MAY_BE_CUT = (g.Pattern, g.Template, g.Sequential)


def compile_column(site: Site) -> ColumnFunction:
    """The column's values as a function of row numbers; raises SchemaError where it cannot fill so many rows."""
    column = site.column
    check_column_rows(site.table, column, site.rows)
    function = _BUILDERS[type(column.generator)](site, column.generator)
    if column.type.length is not None and isinstance(column.generator, _MAY_BE_CUT):
        function = _cut(function, column.type.length)
    return _nullable(function, site, column.null_ratio) if column.null_ratio > 0 else function


def _cut(function: ColumnFunction, length: int) -> ColumnFunction:
    """What a text has beyond the type's length is left away, as the row numbers in it grow."""
    return lambda rows: pc.utf8_slice_codeunits(function(rows), 0, length)


def _nullable(function: ColumnFunction, site: Site, ratio: float) -> ColumnFunction:
    lot = chance(site.stream("null"), ratio)

    def values(rows: RowNumbers) -> pa.Array:
        return with_nulls(function(rows), ~lot(rows))

    return values
