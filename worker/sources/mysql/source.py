"""MySQL: LOAD DATA LOCAL INFILE from memory, each batch a transaction."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pymysql
from pymysql.constants import ER
from pymysql.cursors import Cursor

from core.connection import Connection
from core.errors import ServerError
from core.options import OnExisting
from core.plan import Shard
from core.schema.model import Table
from core.stores import BULK, INSERT, MYSQL
from worker.sources.base import (
    ROWS_PER_STATEMENT,
    BaseSource,
    Check,
    Generated,
    KeyRange,
    Returned,
    Scope,
    Sink,
    StoredRows,
    WorkerSlot,
    accept,
)
from worker.sources.mysql import reader
from worker.sources.mysql.connection import RowConnection, arguments, fix_session, is_mariadb
from worker.sources.mysql.ddl import name, qualified
from worker.sources.mysql.errors import server_error
from worker.sources.mysql.prepare import prepare, require_local_infile
from worker.sources.mysql.sinks import InsertSink, LoadDataSink
from worker.sources.mysql.types import TYPES, bound_values, types_of

_SETTINGS = (
    "version", "max_connections", "innodb_buffer_pool_size", "log_bin", "local_infile", "innodb_redo_log_capacity",
    "innodb_flush_log_at_trx_commit", "innodb_doublewrite",
)  # fmt: skip
_DEADLOCK_RETRIES = 5
"""How many times to try a DELETE that a deadlock rolls back."""
_PREPARE_LOCK = "loadtest.prepare"
_LOCK_SECONDS = 60
_TABLE_SECONDS = 30


def open_source(connection: Connection, slot: WorkerSlot) -> "MySQL":
    """Return the source of a connection string, not connected yet."""
    return MySQL(connection, slot.method)


class MySQL(BaseSource):
    """One connection; every batch is committed, or rolled back if the server warns about a row."""

    capabilities = MYSQL
    types = TYPES

    def __init__(self, connection: Connection, method: str = BULK) -> None:
        self._at, self._method = connection, method
        self._arguments = arguments(connection)
        self._connection: RowConnection | None = None

    @contextmanager
    def translate_errors(self) -> Iterator[None]:
        """Raise ServerError in place of the driver's errors."""
        try:
            yield
        except pymysql.MySQLError as error:
            raise server_error(error, self._at) from error

    def connect(self) -> None:
        """Try once to connect."""
        self._connection = RowConnection(
            connect_timeout=10,
            charset="utf8mb4",
            **self._arguments,
        )
        if not self._at.database:
            raise ServerError(f"{self._at}: no database selected; name the database in the connection string")
        with self._connection.cursor() as cursor:
            fix_session(cursor, self._at, self._mariadb)
            self._connection.read_limit(cursor)
        self.types = types_of(self._mariadb)

    def prepare(self, tables: Sequence[Table], on_existing: OnExisting, check: Check = accept) -> Sequence[str]:
        """Create the tables under a lock that a second `prepare` waits for: each DDL statement is its own transaction."""
        with self._server.cursor() as cursor, _locked(cursor, self._at):
            # By default the server would wait a year for a session that uses the table or was cut off while using it.
            cursor.execute("SET SESSION lock_wait_timeout = %s", [_TABLE_SECONDS])
            if tables and self._method == BULK:
                require_local_infile(cursor, self._at)
            return prepare(cursor, self._at, tables, on_existing, check, mariadb=self._mariadb)

    @contextmanager
    def sink(self, table: Table, shard: Shard, method: str) -> Iterator[Sink[Any]]:  # noqa: ARG002
        """Yield a sink for LOAD DATA, or for multi-row INSERT."""
        yield (InsertSink if method == INSERT else LoadDataSink)(self._server, table, self._at)

    def remove(self, table: Table, keys: KeyRange | pa.Array) -> None:
        """Delete the rows with these keys; retry if a deadlock rolled the deletion back."""
        delete = f"DELETE FROM {self._name(table)} WHERE {name(table.primary_key)}"  # noqa: S608 - names are quoted
        delete = delete.replace("%", "%%")
        for retries_left in reversed(range(_DEADLOCK_RETRIES)):
            try:
                self._delete(delete, table, keys)
            except pymysql.OperationalError as error:
                if not retries_left or error.args[0] != ER.LOCK_DEADLOCK:
                    raise
            else:
                return

    def _delete(self, delete: str, table: Table, keys: KeyRange | pa.Array) -> None:
        with self._server.cursor() as cursor:
            for condition, values in _conditions(table, keys, self._server.most_bytes):
                cursor.execute(f"{delete} {condition}", values)
            self._server.commit()

    def contains_any(self, table: Table, keys: KeyRange | pa.Array) -> bool:
        """Return whether `SELECT 1 ... LIMIT 1` finds a row with one of these keys."""
        select = f"SELECT 1 FROM {self._name(table)} WHERE {name(table.primary_key)}"  # noqa: S608 - names are quoted
        with self._server.cursor() as cursor:
            self._end_snapshot()
            return any(
                cursor.execute(f"{select.replace('%', '%%')} {condition} LIMIT 1", values)
                for condition, values in _conditions(table, keys, self._server.most_bytes)
            )

    def count(self, table: Table) -> int:
        """Return `SELECT count(*)`."""
        with self._server.cursor() as cursor:
            self._end_snapshot()
            cursor.execute(f"SELECT count(*) FROM {self._name(table)}")  # noqa: S608 - the name is quoted
            return int(cursor.fetchall()[0][0])

    def read(self, table: Table, scope: Scope) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a scope: a range of keys, or the whole table."""
        for rows in self._rows(table, scope):
            yield rows.parsed()

    def compare(self, table: Table, scope: Scope, generated: Generated) -> Iterator[Returned]:
        """Yield the same rows in the bytes of the protocol, if those are the encoder's bytes."""
        if reader.has_encoded_form(table, types_of(self._mariadb)):
            yield from self._rows(table, scope)
        else:
            yield from super().compare(table, scope, generated)

    def _rows(self, table: Table, scope: Scope) -> Iterator[StoredRows]:
        self._end_snapshot()
        yield from reader.read(self._server, self._at.database, table, scope, types_of(self._mariadb))

    def settings(self) -> Mapping[str, str]:
        """Return the global variables that affect a load."""
        with self._server.cursor() as cursor:
            cursor.execute("SHOW GLOBAL VARIABLES WHERE Variable_name IN %s", [_SETTINGS])
            return {str(key): str(value) for key, value in sorted(cursor.fetchall())}

    def close(self) -> None:
        """Release the connection."""
        if self._connection is not None and self._connection.open:
            self._connection.close()

    def _end_snapshot(self) -> None:
        """End the transaction, because it sees only rows that existed when it began."""
        self._server.commit()

    def _name(self, table: Table) -> str:
        return qualified(self._at.database, table.name)

    @property
    def _mariadb(self) -> bool:
        return is_mariadb(str(self._server.server_version))

    @property
    def _server(self) -> RowConnection:
        if self._connection is None:
            raise ServerError(f"{self._at}: not connected", transient=True)
        return self._connection


def _conditions(table: Table, keys: KeyRange | pa.Array, most_bytes: int) -> Iterator[tuple[str, list[Any]]]:
    """Yield the conditions that together match these keys, each with its parameters, which take half of a packet at most."""
    if isinstance(keys, KeyRange):
        yield "BETWEEN %s AND %s", [keys.low, keys.high]
        return
    values = bound_values(table.key.type, keys)
    # An escaped character has two bytes for each of its own.
    longest = max((2 * len(repr(value).encode()) for value in values), default=1)
    count = max(1, min(ROWS_PER_STATEMENT, most_bytes // 2 // longest))
    for first in range(0, len(values), count):
        yield "IN %s", [values[first : first + count]]


@contextmanager
def _locked(cursor: Cursor, at: Connection) -> Iterator[None]:
    cursor.execute("SELECT GET_LOCK(%s, %s)", [_PREPARE_LOCK, _LOCK_SECONDS])
    if cursor.fetchall() != ((1,),):
        raise ServerError(f"{at}: another prepare holds its lock for {_LOCK_SECONDS} s; wait until it has ended")
    try:
        yield
    finally:
        cursor.execute("SELECT RELEASE_LOCK(%s)", [_PREPARE_LOCK])
