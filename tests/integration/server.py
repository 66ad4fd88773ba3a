"""An independent look into a run's PostgreSQL server: by its own client, not by the worker's code."""

from typing import Any

import psycopg
from psycopg import sql

TABLES = ("users", "orders", "products")


def rows_in(connection_string: str) -> dict[str, int]:
    """Rows by table, counted over TCP."""
    with psycopg.connect(connection_string) as connection:
        return {
            table: int(
                connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchall()[0][0]
            )
            for table in TABLES
        }


def execute(connection_string: str, statement: str) -> list[tuple[Any, ...]]:
    """What a statement returns; nothing where it returns no rows."""
    with psycopg.connect(connection_string, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []
