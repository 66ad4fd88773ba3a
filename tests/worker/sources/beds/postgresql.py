"""PostgreSQL, read with `psql` and psycopg."""

import struct
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql

from core.schema.model import Table
from core.schema.types import DataType, Kind
from testkit.serving import PASSWORD, Served
from tests.worker.encode import samples
from tests.worker.sources.beds.base import Row


class PostgreSQLBed:
    source = "postgresql"
    asks_for_password = True
    knows_rights = True
    missing_database: str | None = "create the database"
    settings: Mapping[str, str] = {
        "max_connections": "200",
        "shared_buffers": "256MB",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "synchronous_commit": "off",
    }

    def count(self, served: Served, table: Table) -> int:
        return int(self._psql(served, f'SELECT count(*) FROM "{table.name}"'))

    def rows(self, served: Served, table: Table) -> Sequence[Row]:
        columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)
        statement = sql.SQL("SELECT {} FROM {}").format(columns, sql.Identifier(table.name))
        with psycopg.connect(served.connection_string) as connection, connection.cursor(binary=True) as cursor:
            return [
                {c.name: _read(value, c.type) for c, value in zip(table.columns, row, strict=True)}
                for row in cursor.execute(statement).fetchall()
            ]

    def expected(self, table: Table, batch: pa.RecordBatch) -> Sequence[Row]:
        return samples.rows_of(table, batch)

    def make_another_shape(self, served: Served, table: Table) -> None:
        self._psql(served, f'CREATE TABLE "{table.name}" (id bigint PRIMARY KEY, extra text)')

    def without_rights(self, served: Served) -> str:
        self._psql(
            served,
            "DO $$ BEGIN CREATE USER stranger PASSWORD '" + PASSWORD + "'; "
            "EXCEPTION WHEN duplicate_object THEN NULL; END $$",
        )
        return served.connection_string.replace("//loadtest:", "//stranger:")

    def _psql(self, served: Served, statement: str) -> str:
        command = ["psql", "-h", "127.0.0.1", "-U", "loadtest", "-d", "loadtest", "-qtAc", statement]
        return served.container.output(*command, environment={"PGPASSWORD": PASSWORD})


def _read(value: Any, type_: DataType) -> Any:
    if value is None:
        return None
    if type_.kind is Kind.POINT:
        return struct.unpack(">dd", value)
    if type_.kind is Kind.TIMESTAMP_TZ:
        return value.astimezone(UTC)
    return value
