"""Read a run's PostgreSQL server with psycopg, independently of the worker's code."""

from typing import Any

import psycopg
from psycopg import sql

TABLES = ("users", "orders", "products")


def rows_in(connection_string: str) -> dict[str, int]:
    """Return the number of rows by table."""
    with psycopg.connect(connection_string) as connection:
        return {
            table: int(
                connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchall()[0][0]
            )
            for table in TABLES
        }


def execute(connection_string: str, statement: str) -> list[tuple[Any, ...]]:
    """Run a statement and return its rows, if any."""
    with psycopg.connect(connection_string, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []
