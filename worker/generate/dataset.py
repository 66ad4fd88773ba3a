"""Rows of a schema, generated on demand: any range of any table, without the rows before it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache, cached_property
from typing import Any

import numpy as np
import numpy.ma  # pyarrow imports it at the first array that it is given: in the middle of a load
import pyarrow as pa
import pyarrow.compute as pc

from core.schema import generators as g
from core.schema.checks.capacity import check_column_rows
from core.schema.model import Schema, Table
from worker.arrow import arrow_schema, with_nulls
from worker.generate import choices, composite, identifiers, numeric, patterns, temporal
from worker.generate.column_context import ColumnContext, ColumnFunction
from worker.generate.sampler import chance
from worker.generate.stream import RowNumbers

_BUILDERS: Mapping[type, Callable[[ColumnContext, Any], ColumnFunction]] = {
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
    g.OneOf: choices.one_of,
    g.SampleArray: composite.sample_array,
    g.Static: choices.static,
    g.Null: choices.null,
    g.RandomBytes: composite.random_bytes,
    g.PointRange: composite.point_range,
    g.PersonName: choices.person_name,
    g.Email: choices.email,
    g.Faker: choices.faker,
    g.Reference: choices.reference,
}
_MAY_BE_CUT = (g.Pattern, g.Template, g.Sequential)


def compile_column(context: ColumnContext) -> ColumnFunction:
    """Return the column's values as a function of row numbers; raise SchemaError if it has too few values for the rows."""
    column = context.column
    check_column_rows(context.table, column, context.rows)
    function = _BUILDERS[type(column.generator)](context, column.generator)
    if column.type.length is not None and isinstance(column.generator, _MAY_BE_CUT):
        function = _cut(function, column.type.length)
    return _nullable(function, context, column.null_ratio) if column.null_ratio > 0 else function


def _cut(function: ColumnFunction, length: int) -> ColumnFunction:
    """Cut texts to the length of the type, because they grow with the row number."""
    return lambda rows: pc.utf8_slice_codeunits(function(rows), 0, length)


def _nullable(function: ColumnFunction, context: ColumnContext, ratio: float) -> ColumnFunction:
    is_null = chance(context.stream("null"), ratio)

    def values(rows: RowNumbers) -> pa.Array:
        return with_nulls(function(rows), ~is_null(rows))

    return values


class TableRows:
    """The rows of one table, as a function of their numbers."""

    def __init__(self, dataset: "Dataset", table: Table) -> None:
        self.table = table
        self._dataset = dataset

    @cached_property
    def schema(self) -> pa.Schema:
        """The Arrow schema of a whole row."""
        return arrow_schema(self.table)

    def batch(self, first_row: int, rows: int, columns: Sequence[str] | None = None) -> pa.RecordBatch:
        """Return rows `[first_row, first_row + rows)`, numbered from 0, with all or the named columns.

        The time is proportional to `rows` only; `first_row` may be up to 2**62. Raises SchemaError for an unknown column,
        and for a column that has too few values for the rows.
        """
        return self.at(np.arange(first_row, first_row + rows, dtype=np.uint64), columns)

    def at(self, numbers: RowNumbers, columns: Sequence[str] | None = None) -> pa.RecordBatch:
        """Return the rows with these numbers, in this order; see `batch`."""
        schema = self.schema
        if columns is not None:
            schema = pa.schema([schema.field(self.table.column(name).name) for name in columns])
        rows = int(numbers.max()) + 1 if len(numbers) else 0
        for name in schema.names:
            check_column_rows(self.table, self.table.column(name), rows)
        cells = [self._dataset.function_of(self.table.name, name)(numbers) for name in schema.names]
        return pa.RecordBatch.from_arrays(cells, schema=schema)


class Dataset:
    """`rows` rows of every table of a schema: value = f(seed, table, column, row).

    A table's own seed is `seed` plus its position in the schema; `base_instant` is the current time for generators. The
    number of rows changes only references, because each must refer to an existing row of the parent.
    """

    def __init__(self, schema: Schema, seed: int, rows: int, base_instant: datetime) -> None:
        self.schema = schema
        self.seed = seed
        self.rows = rows
        self.base_instant = base_instant
        self.table = cache(self._table)
        self.function_of = cache(self._function_of)

    def _table(self, name: str) -> TableRows:
        return TableRows(self, self.schema.table(name))

    def _function_of(self, table: str, column: str) -> ColumnFunction:
        """Return a column's values as a function of row numbers; each is compiled once."""
        owner = self.schema.table(table)
        return compile_column(
            ColumnContext(
                table=owner,
                column=owner.column(column),
                seed=self.seed + self.schema.position(table),
                rows=self.rows,
                base_instant=self.base_instant,
                function_of=self.function_of,
            )
        )
