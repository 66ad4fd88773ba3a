"""The tables that a schema becomes in PostgreSQL: each type in the server's own, every name quoted."""

from collections.abc import Callable, Mapping

from psycopg import sql

from core.schema.model import Column, Table
from core.schema.types import DataType, Kind

TYPES: Mapping[Kind, Callable[[DataType], str]] = {
    Kind.BOOL: lambda _: "boolean",
    Kind.INT8: lambda _: "smallint",
    Kind.INT16: lambda _: "smallint",
    Kind.INT32: lambda _: "integer",
    Kind.INT64: lambda _: "bigint",
    Kind.FLOAT32: lambda _: "real",
    Kind.FLOAT64: lambda _: "double precision",
    Kind.DECIMAL: lambda t: f"numeric({t.precision},{t.scale})",
    Kind.CHAR: lambda t: f"character({t.length})",
    Kind.VARCHAR: lambda t: f"character varying({t.length})",
    Kind.TEXT: lambda _: "text",
    Kind.BLOB: lambda _: "bytea",
    Kind.BYTES: lambda _: "bytea",
    Kind.DATE: lambda _: "date",
    Kind.TIME: lambda _: "time without time zone",
    Kind.DATETIME: lambda _: "timestamp without time zone",
    Kind.TIMESTAMP: lambda _: "timestamp without time zone",
    Kind.TIMESTAMP_TZ: lambda _: "timestamp with time zone",
    Kind.JSON: lambda _: "json",
    Kind.JSONB: lambda _: "jsonb",
    Kind.UUID: lambda _: "uuid",
    Kind.ULID: lambda _: "character(26)",
    Kind.ARRAY: lambda t: f"{column_type(t.element)}[]" if t.element else "text[]",
    Kind.ENUM: lambda _: "text",
    Kind.SET: lambda _: "text[]",
    Kind.DURATION: lambda _: "interval",
    Kind.POINT: lambda _: "point",
}
"""Each type as `format_type` spells it, so that a table's shape can be compared with what the server says."""


def column_type(data_type: DataType) -> str:
    """The server's type for a column's, in its own spelling."""
    return TYPES[data_type.kind](data_type)


def qualified(schema: str, table: Table) -> sql.Identifier:
    """Return a table's name with its schema: no search_path decides which table is meant."""
    return sql.Identifier(schema, table.name)


def create_table(table: Table, name: sql.Identifier) -> sql.Composed:
    """Return the statement that creates a table; every name is quoted."""
    columns = [_definition(column) for column in table.columns]
    key = sql.SQL("PRIMARY KEY ({})").format(sql.Identifier(table.primary_key))
    return sql.SQL("CREATE TABLE {} ({})").format(name, sql.SQL(", ").join([*columns, key]))


def _definition(column: Column) -> sql.Composed:
    parts: list[sql.Composable] = [sql.Identifier(column.name), sql.SQL(column_type(column.type))]
    if not column.nullable:
        parts.append(sql.SQL("NOT NULL"))
    return sql.SQL(" ").join(parts)
