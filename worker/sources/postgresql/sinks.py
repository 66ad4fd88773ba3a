"""Load rows into PostgreSQL by COPY, or by INSERT statements of many rows."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql

from core.schema.model import Column, Table
from core.schema.types import LISTS, STRINGS, DataType, Kind
from worker.encode.json_text import element_of
from worker.encode.postgres import PostgresBinaryEncoder, without_nul
from worker.encode.rows import Records, Rows
from worker.sources.base import ROWS_PER_STATEMENT, BatchReceipt
from worker.sources.postgresql.types import TYPES


class CopySink:
    """Rows in COPY's binary format, without conversion by the driver: it costs the server less than text (bench/encode.py)."""

    def __init__(self, connection: psycopg.Connection[Any], table: Table, name: sql.Identifier) -> None:
        self._connection = connection
        self._encoder = PostgresBinaryEncoder(table)
        columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)
        statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(name, columns)
        self._statement = statement.as_bytes(connection)

    def encode(self, batch: pa.RecordBatch) -> Rows:
        """Return the rows in COPY's binary format."""
        return self._encoder.encode(batch)

    def send(self, pieces: Iterator[Rows]) -> BatchReceipt:
        """Send one COPY, which is one transaction."""
        header, trailer = self._encoder.header, self._encoder.trailer
        sent = len(header) + len(trailer)
        with self._connection.cursor() as cursor:
            with cursor.copy(self._statement) as copy:
                copy.write(header)
                for piece in pieces:
                    copy.write(piece.data)
                    sent += len(piece.data)
                copy.write(trailer)
                written = time.perf_counter()
            return BatchReceipt(sent, time.perf_counter() - written)


class InsertSink:
    """Multi-row INSERT with values bound on the client, so that the bytes sent can be counted."""

    def __init__(self, connection: psycopg.Connection[Any], table: Table, name: sql.Identifier) -> None:
        self._connection = connection
        self._table = table
        self._row = sql.SQL("({})").format(sql.SQL(", ").join(sql.Placeholder() * len(table.columns)))
        columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)
        self._insert = sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ").format(name, columns)

    def encode(self, batch: pa.RecordBatch) -> Records:
        """Return Python objects, as a program would bind them."""
        for column, values in zip(self._table.columns, batch.columns, strict=True):
            if _cell_type(column.type).kind in STRINGS:
                without_nul(values.flatten() if pa.types.is_list(values.type) else values)
        columns = [parameters(*pair) for pair in zip(self._table.columns, batch.columns, strict=True)]
        return Records(list(zip(*columns, strict=True)))

    def send(self, pieces: Iterator[Records]) -> BatchReceipt:
        """Send one transaction, with a statement for every 1,000 rows."""
        sent = 0
        cursor = psycopg.ClientCursor(self._connection)
        with self._connection.transaction(), cursor:
            for piece in pieces:
                for first in range(0, len(piece), ROWS_PER_STATEMENT):
                    sent += self._insert_rows(cursor, piece.rows[first : first + ROWS_PER_STATEMENT])
            written = time.perf_counter()
        return BatchReceipt(sent, time.perf_counter() - written)

    def _insert_rows(self, cursor: psycopg.ClientCursor[Any], rows: Sequence[tuple[Any, ...]]) -> int:
        statement = self._insert + sql.SQL(", ").join([self._row] * len(rows))
        written = cursor.mogrify(statement, [value for row in rows for value in row]).encode()
        cursor.execute(written)
        return len(written)


def parameters(column: Column, values: pa.Array) -> list[Any]:
    """Return a column's values as the driver binds them; values that the driver would change are passed as text."""
    bound = TYPES[_cell_type(column.type).kind].bind
    if bound is None:
        return list(values.to_pylist())
    if column.type.kind is Kind.ARRAY:
        return [None if value is None else list(map(bound, value)) for value in values.to_pylist()]
    return [None if value is None else bound(value) for value in values.to_pylist()]


def _cell_type(type_: DataType) -> DataType:
    """Return the type itself, or the type of a list's elements."""
    return element_of(type_) if type_.kind in LISTS else type_
