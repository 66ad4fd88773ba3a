"""An independent look into a run's PostgreSQL server: by its own client, not by the worker's code."""

import json
import subprocess
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


def query_in(container: str, statement: str) -> str:
    """What `psql` inside the server's container says."""
    psql = ["psql", "-U", "loadtest", "-d", "loadtest", "-At", "-c", statement]
    # The image trusts no one over TCP; over its socket it does.
    done = subprocess.run(["docker", "exec", container, *psql], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def inspect(container: str) -> dict[str, Any]:
    """What Docker knows of a container."""
    shown = subprocess.run(["docker", "inspect", container], capture_output=True, text=True, check=True, timeout=60)
    found: dict[str, Any] = json.loads(shown.stdout)[0]
    return found
