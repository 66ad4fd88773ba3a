"""The schema: tables and their columns, with type and generator, independent of the dialect of the file."""

from pydantic import BaseModel, ConfigDict

from core.errors import SchemaError
from core.schema.estimate import estimated_bytes
from core.schema.generators import Generator, Sequential
from core.schema.types import INTEGERS, DataType
from core.text import listed


class _Schema(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(_Schema):
    """One column. `null_ratio` is the share of NULLs that replace generated values; a primary key is unique."""

    name: str
    type: DataType
    nullable: bool = False
    unique: bool = False
    null_ratio: float = 0.0
    generator: Generator

    @property
    def estimated_bytes(self) -> float:
        """The estimated mean size of a cell as text."""
        return estimated_bytes(self.type, self.generator) * (1 - self.null_ratio)


class Table(_Schema):
    """One table; `primary_key` names one of its columns."""

    name: str
    primary_key: str
    columns: tuple[Column, ...]

    @property
    def key(self) -> Column:
        """The column of the primary key."""
        return self.column(self.primary_key)

    @property
    def first_key(self) -> int | None:
        """The key of row 0 if row n has the integer key `first_key + n`, else None."""
        if isinstance(self.key.generator, Sequential) and self.key.type.kind in INTEGERS:
            return self.key.generator.start
        return None

    @property
    def has_consecutive_keys(self) -> bool:
        """Whether the keys are consecutive integers, so that a row is found by its key without an index."""
        return self.first_key is not None

    @property
    def unique_columns(self) -> frozenset[str]:
        """The names of the columns whose values never repeat: the primary key, and those that are unique."""
        return frozenset({self.primary_key, *(column.name for column in self.columns if column.unique)})

    def column(self, name: str) -> Column:
        """Return the column of this name; raises SchemaError if the table does not have it."""
        for column in self.columns:
            if column.name == name:
                return column
        known = listed(column.name for column in self.columns)
        raise SchemaError(f"table {self.name}: column {name!r} does not exist; write one of {known}")

    @property
    def estimated_row_bytes(self) -> int:
        """The estimated mean size of a row as a line of CSV."""
        return round(sum(column.estimated_bytes + 1 for column in self.columns))


class Schema(_Schema):
    """All tables, in the order of the file. The position of a table is part of its seed."""

    tables: tuple[Table, ...]

    def table(self, name: str) -> Table:
        """Return the table of this name; raises SchemaError if the schema does not have it."""
        return self.tables[self.position(name)]

    def position(self, name: str) -> int:
        """Return the position of the table in the schema, from 0; raises SchemaError if the schema does not have it."""
        for position, table in enumerate(self.tables):
            if table.name == name:
                return position
        known = listed(table.name for table in self.tables)
        raise SchemaError(f"tables: {name!r} is not a table of the schema; write one of {known}")
