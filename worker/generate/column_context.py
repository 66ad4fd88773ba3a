"""The context of a column: everything that its values may depend on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from core.errors import InputError
from core.schema.location import Location
from core.schema.model import Column, Table
from worker.generate.stream import RowNumbers, Stream

ColumnFunction = Callable[[RowNumbers], pa.Array]
"""A column's values for any row numbers, in their order: an Arrow array of the column's type."""


@dataclass(frozen=True)
class ColumnContext:
    """A column of a table of `rows` rows; `function_of` returns another column's function, by table and column name."""

    table: Table
    column: Column
    seed: int
    rows: int
    base_instant: datetime
    function_of: Callable[[str, str], ColumnFunction]

    def stream(self, purpose: str = "value") -> Stream:
        """Return the random bits for one purpose of this column. Another purpose, column, table or seed has another stream."""
        return Stream.of(self.seed, self.table.name, self.column.name, purpose)

    def error(self, key: str, value: object, problem: str, remedy: str) -> InputError:
        """Return a SchemaError that names this column."""
        return Location("", self.table.name, self.column.name).error(key, value, problem, remedy)
