"""Read PostgreSQL's rows back by COPY TO as CSV, and compute checksums on the server."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql

from core.schema.model import Table
from worker.sources.base import Fingerprint, Scope
from worker.sources.csv_text import blocks_of, texts_of
from worker.sources.postgresql.types import cell, checksum_cell, is_summable


def read(
    connection: psycopg.Connection[Any], name: sql.Identifier, table: Table, scope: Scope
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a scope's keys, or of the whole table if its keys are not consecutive numbers."""
    cells = [cell(sql.Identifier(column.name), column.type) for column in table.columns]
    query = sql.SQL("SELECT {} FROM {}").format(sql.SQL(", ").join(cells), name) + within(table, scope)
    names = [column.name for column in table.columns]
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv)").format(query)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for block in blocks_of(_Rows(copy)):
            yield texts_of(block, names)


def within(table: Table, scope: Scope) -> sql.Composable:
    """Return the condition for a scope's keys, if any; NULL is in no span, and read by one worker of the table."""
    first, stop = scope.keys or (None, None)
    key = sql.Identifier(table.primary_key)
    bounds = [
        sql.SQL("{} {} {}").format(key, sql.SQL(sign), sql.Literal(bound))
        for sign, bound in ((">=", first), ("<", stop))
        if bound is not None
    ]
    if not bounds:
        return sql.SQL("")
    condition = sql.SQL(" WHERE {}").format(sql.SQL(" AND ").join(bounds))
    return condition + sql.SQL(" OR {} IS NULL").format(key) if scope.checks_unowned_rows else condition


def fingerprint(
    connection: psycopg.Connection[Any], name: sql.Identifier, table: Table, scope: Scope
) -> Fingerprint | None:
    """Return the sum of a range of keys, computed by the server; None without a range or for tables that are not summable."""
    if scope.keys is None or not is_summable(table):
        return None
    cells = [checksum_cell(sql.Identifier(column.name), column.type) for column in table.columns]
    row = sql.SQL(" || ',' || ").join(
        sql.SQL("coalesce(length({c})::text || ':' || {c}, '-')").format(c=sql.SQL("({})").format(each))
        for each in cells
    )
    key = sql.Identifier(table.primary_key)
    statement = sql.SQL(
        "SELECT count(*), min(k), max(k), coalesce(sum(('x' || substr(md5(r), 1, 15))::bit(60)::bigint), 0) "
        "FROM (SELECT {} AS k, {} AS r FROM {}{}) AS rows"
    ).format(key, row, name, within(table, scope))
    count, smallest, largest, total = connection.execute(statement).fetchall()[0]
    return Fingerprint(int(count), smallest, largest, int(total) % 2**64)


class _Rows:
    """The messages of a COPY, as a readable stream."""

    def __init__(self, copy: psycopg.Copy) -> None:
        self._copy = copy

    def read(self, size: int, /) -> bytes:
        """Return at least `size` bytes, fewer at the end."""
        parts: list[bytes] = []
        while size > 0 and (data := self._copy.read()):
            parts.append(bytes(data))
            size -= len(data)
        return b"".join(parts)
