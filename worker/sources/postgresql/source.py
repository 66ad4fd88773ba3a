"""PostgreSQL: COPY FROM STDIN in its binary format, each batch a transaction of its own."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql

from core.connection import Connection
from core.errors import ServerError
from core.options import OnExisting
from core.plan import Shard
from core.schema.model import Table
from core.stores import INSERT, POSTGRESQL
from worker.sources.base import (
    BaseSource,
    Check,
    Fingerprint,
    Generated,
    KeyRange,
    Returned,
    Scope,
    Sink,
    WorkerSlot,
    accept,
)
from worker.sources.postgresql import binary_reader, reader
from worker.sources.postgresql.connection import arguments, fix_session
from worker.sources.postgresql.ddl import qualified
from worker.sources.postgresql.errors import server_error
from worker.sources.postgresql.prepare import foreign_keys_off, prepare
from worker.sources.postgresql.sinks import CopySink, InsertSink, parameters
from worker.sources.postgresql.types import TYPES

_SETTINGS = (
    "server_version", "max_connections", "shared_buffers", "wal_level", "max_wal_senders", "synchronous_commit",
    "fsync", "full_page_writes", "max_wal_size",
)  # fmt: skip


def open_source(connection: Connection, _: WorkerSlot) -> "PostgreSQL":
    """Return the source of a connection string, not connected yet."""
    return PostgreSQL(connection)


class PostgreSQL(BaseSource):
    """One connection, in autocommit: a COPY is a transaction without the round trips of BEGIN and COMMIT."""

    capabilities = POSTGRESQL
    types = TYPES

    def __init__(self, connection: Connection) -> None:
        self._at = connection
        self._arguments = arguments(connection)
        self._connection: psycopg.Connection[Any] | None = None
        self._schema = ""

    @contextmanager
    def translate_errors(self) -> Iterator[None]:
        """Raise ServerError in place of the driver's errors."""
        try:
            yield
        except psycopg.Error as error:
            raise server_error(error, self._at) from error

    def connect(self) -> None:
        """Try once to connect."""
        self._connection = psycopg.connect(self._at.text, autocommit=True, **self._arguments)
        self._schema = fix_session(self._connection, self._at)

    def prepare(self, tables: Sequence[Table], on_existing: OnExisting, check: Check = accept) -> Sequence[str]:
        """Create the tables in one transaction, under a lock that a second `prepare` waits for."""
        return prepare(self._server, self._at, self._schema, tables, on_existing, check)

    @contextmanager
    def sink(self, table: Table, shard: Shard, method: str) -> Iterator[Sink[Any]]:  # noqa: ARG002
        """Yield a sink for COPY, or for multi-row INSERT."""
        with foreign_keys_off(self._server, self._name(table)):
            yield (InsertSink if method == INSERT else CopySink)(self._server, table, self._name(table))

    def remove(self, table: Table, keys: KeyRange | pa.Array) -> None:
        """Delete the rows with these keys."""
        with foreign_keys_off(self._server, self._name(table)):
            self._server.execute(*self._with_keys("DELETE", table, keys))

    def contains_any(self, table: Table, keys: KeyRange | pa.Array) -> bool:
        """Return whether `SELECT 1 ... LIMIT 1` finds a row with one of these keys."""
        statement, values = self._with_keys("SELECT 1", table, keys)
        return bool(self._server.execute(statement + sql.SQL(" LIMIT 1"), values).fetchall())

    def _with_keys(self, what: str, table: Table, keys: KeyRange | pa.Array) -> tuple[sql.Composed, list[Any]]:
        """Return a statement for the rows with these keys, and its parameters."""
        condition = "BETWEEN %s AND %s" if isinstance(keys, KeyRange) else "= ANY(%s)"
        values = [keys.low, keys.high] if isinstance(keys, KeyRange) else [parameters(table.key, keys)]
        names = self._name(table), sql.Identifier(table.primary_key)
        return sql.SQL(f"{what} FROM {{}} WHERE {{}} {condition}").format(*names), values

    def count(self, table: Table) -> int:
        """Return the number of rows."""
        cursor = self._server.execute(sql.SQL("SELECT count(*) FROM {}").format(self._name(table)))
        return int(cursor.fetchall()[0][0])

    def read(self, table: Table, scope: Scope) -> Iterator[pa.RecordBatch]:
        """Yield the rows of COPY TO, which sees the rows that were committed when it began."""
        yield from reader.read(self._server, self._name(table), table, scope)

    def compare(self, table: Table, scope: Scope, generated: Generated) -> Iterator[Returned]:
        """Yield the rows of `COPY TO` in its binary format, if those are the encoder's bytes."""
        if binary_reader.has_encoded_form(table):
            yield from binary_reader.read(self._server, self._name(table), table, scope)
        else:
            yield from super().compare(table, scope, generated)

    def fingerprint(self, table: Table, scope: Scope) -> Fingerprint | None:
        """Return the fingerprint, computed with the server's own md5() and sum()."""
        return reader.fingerprint(self._server, self._name(table), table, scope)

    def settings(self) -> Mapping[str, str]:
        """Return the settings that affect a load."""
        cursor = self._server.execute(
            "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY(%s) ORDER BY name",
            [list(_SETTINGS)],
        )
        return dict(cursor.fetchall())

    def close(self) -> None:
        """Release the connection."""
        if self._connection is not None:
            self._connection.close()

    def _name(self, table: Table) -> sql.Identifier:
        return qualified(self._schema, table)

    @property
    def _server(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            raise ServerError(f"{self._at}: not connected", transient=True)
        return self._connection
