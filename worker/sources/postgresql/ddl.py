"""The statements that create a schema's tables in PostgreSQL."""

from psycopg import sql

from core.schema.model import Column, Table
from worker.sources.postgresql.types import column_type


def qualified(schema: str, table: Table) -> sql.Identifier:
    """Return a table's name with its schema, so that it does not depend on the search_path."""
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
