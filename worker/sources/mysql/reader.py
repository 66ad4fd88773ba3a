"""Read MySQL's rows back by a streaming cursor, every value as text."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from pymysql.connections import Connection
from pymysql.cursors import SSCursor

from core.schema.model import Table
from worker.sources.base import Scope
from worker.sources.mysql.ddl import name, qualified
from worker.sources.mysql.types import types_of

_ROWS = 8_192
"""Rows per batch that is read back."""


def read(
    connection: "Connection[Any]", database: str, table: Table, scope: Scope, *, mariadb: bool = False
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a scope's keys, or of the whole table if its keys are not consecutive numbers."""
    types = [types_of(mariadb)[column.type.kind] for column in table.columns]
    names = [column.name for column in table.columns]
    cells = ", ".join(type_.read.format(c=name(of)) for type_, of in zip(types, names, strict=True))
    query = f"SELECT {cells} FROM {qualified(database, table.name)}"  # noqa: S608 - names are quoted
    query += _within(table, scope)
    with connection.cursor(SSCursor) as cursor:
        cursor.execute(query)
        while rows := cursor.fetchmany(_ROWS):
            columns = zip(types, zip(*rows, strict=True), strict=True)
            yield pa.RecordBatch.from_arrays([type_.decode(list(cells)) for type_, cells in columns], names=names)


def _within(table: Table, scope: Scope) -> str:
    """Return the condition for a scope's keys, if any; NULL is in no span, and read by one worker of the table."""
    first, stop = scope.keys or (None, None)
    key = name(table.primary_key)
    bounds = [f"{key} {sign} {bound}" for sign, bound in ((">=", first), ("<", stop)) if bound is not None]
    if not bounds:
        return ""
    return " WHERE " + " AND ".join(bounds) + (f" OR {key} IS NULL" if scope.checks_unowned_rows else "")
