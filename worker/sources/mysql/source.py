"""MySQL: LOAD DATA LOCAL INFILE from memory, each batch a transaction."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pymysql
from pymysql.constants import ER
from pymysql.cursors import Cursor

from core.connection import Connection
from core.errors import ServerError
from core.plan import OnExisting, Shard
from core.schema.model import Column, Table
from core.stores import BULK, INSERT, MYSQL
from worker.encode.mysql import CONVERTED, MysqlTextEncoder
from worker.encode.rows import Records, Rows
from worker.sources.base import BatchReceipt, Fingerprint, KeyRange, Scope, Sink, WorkerSlot
from worker.sources.mysql import reader
from worker.sources.mysql.connection import RowConnection, arguments
from worker.sources.mysql.ddl import name, names, qualified
from worker.sources.mysql.errors import server_error
from worker.sources.mysql.prepare import prepare, require_local_infile
from worker.sources.mysql.session import fix_session, is_mariadb
from worker.sources.mysql.values import parameters

_ROWS_A_STATEMENT = 1_000
"""Of a multi-row INSERT, and keys of a DELETE."""
_SETTINGS = (
    "version", "max_connections", "innodb_buffer_pool_size", "log_bin", "local_infile", "innodb_redo_log_capacity",
    "innodb_flush_log_at_trx_commit", "innodb_doublewrite",
)  # fmt: skip
_DEADLOCKS = 5
"""So often a deletion that the server undid is made again."""
_FORMAT = r"FIELDS TERMINATED BY 0x09 ENCLOSED BY '' ESCAPED BY 0x5C LINES STARTING BY '' TERMINATED BY 0x0A"
"""As numbers: `'\\\\'` is not a backslash in every sql_mode."""
_PREPARE_LOCK = "loadtest.prepare"
_LOCK_SECONDS = 60
_TABLE_SECONDS = 30


def open_source(connection: Connection, slot: WorkerSlot) -> "MySQL":
    """The source of a connection string, not connected yet."""
    return MySQL(connection, slot.method)


class MySQL:
    """One connection; every batch is committed, and rolled back where the server warns of a row."""

    capabilities = MYSQL

    def __init__(self, connection: Connection, method: str = BULK) -> None:
        self._at, self._method = connection, method
        self._arguments = arguments(connection)
        self._connection: RowConnection | None = None

    def connect(self) -> None:
        """One try; raises ServerError, transient unless the server answered with a refusal that stays."""
        with self._named():
            self._connection = RowConnection(
                connect_timeout=10,
                charset="utf8mb4",
                **self._arguments,
            )
            if not self._at.database:
                raise ServerError(f"{self._at}: no database selected; name the database in the connection string")
            with self._connection.cursor() as cursor:
                fix_session(cursor, self._at, self._mariadb)

    def prepare(self, tables: Sequence[Table], on_existing: OnExisting) -> Sequence[str]:
        """Make the tables under a lock that a second `prepare` waits for: a DDL statement is a transaction of its own."""
        with self._named(), self._server.cursor() as cursor, _locked(cursor, self._at):
            # A session that reads or writes the table, or went away in the midst of it: the server would wait for a year.
            cursor.execute("SET SESSION lock_wait_timeout = %s", [_TABLE_SECONDS])
            if tables and self._method == BULK:
                require_local_infile(cursor, self._at)
            return prepare(cursor, self._at, tables, on_existing, mariadb=self._mariadb)

    @contextmanager
    def sink(self, table: Table, shard: Shard, method: str) -> Iterator[Sink[Any]]:  # noqa: ARG002
        """LOAD DATA, or multi-row INSERT."""
        with self._named():
            yield (InsertSink if method == INSERT else LoadDataSink)(self._server, table, self._at)

    def remove(self, table: Table, keys: KeyRange | pa.Array) -> None:
        """Delete the rows with these keys."""
        delete = f"DELETE FROM {self._name(table)} WHERE {name(table.primary_key)}"  # noqa: S608 - names are quoted
        delete = delete.replace("%", "%%")
        for left in reversed(range(_DEADLOCKS)):
            try:
                with self._named():
                    self._delete(delete, table, keys)
            except ServerError as error:
                if not (left and _was_deadlock(error)):
                    raise
            else:
                return

    def _delete(self, delete: str, table: Table, keys: KeyRange | pa.Array) -> None:
        with self._server.cursor() as cursor:
            for condition, values in _conditions(table, keys):
                cursor.execute(f"{delete} {condition}", values)
            self._server.commit()

    def contains_any(self, table: Table, keys: KeyRange | pa.Array) -> bool:
        """`SELECT 1`, of which the first row is enough."""
        select = f"SELECT 1 FROM {self._name(table)} WHERE {name(table.primary_key)}"  # noqa: S608 - names are quoted
        with self._named(), self._server.cursor() as cursor:
            # A transaction sees what was there when it began.
            self._server.commit()
            return any(
                cursor.execute(f"{select.replace('%', '%%')} {condition} LIMIT 1", values)
                for condition, values in _conditions(table, keys)
            )

    def count(self, table: Table) -> int:
        """`SELECT count(*)`."""
        with self._named(), self._server.cursor() as cursor:
            # A transaction sees what was there when it began.
            self._server.commit()
            cursor.execute(f"SELECT count(*) FROM {self._name(table)}")  # noqa: S608 - the name is quoted
            return int(cursor.fetchall()[0][0])

    def read(self, table: Table, scope: Scope) -> Iterator[pa.RecordBatch]:
        """A streaming cursor over the rows of a range of keys, or all."""
        with self._named():
            # A transaction sees what was there when it began.
            self._server.commit()
            yield from reader.read(self._server, self._at.database, table, scope, mariadb=self._mariadb)

    def as_stored(self, column: Column, values: pa.Array) -> pa.Array:
        """What the server holds of generated values."""
        return reader.as_stored(column.type, values, mariadb=self._mariadb)

    def fingerprint(self, table: Table, scope: Scope) -> Fingerprint | None:  # noqa: ARG002
        """None: it shows no bits of a float, and spells JSON anew."""
        return None

    def settings(self) -> Mapping[str, str]:
        """The global variables that bear on a load."""
        with self._named(), self._server.cursor() as cursor:
            cursor.execute("SHOW GLOBAL VARIABLES WHERE Variable_name IN %s", [_SETTINGS])
            return {str(key): str(value) for key, value in sorted(cursor.fetchall())}

    def close(self) -> None:
        """Release the connection."""
        if self._connection is not None and self._connection.open:
            self._connection.close()

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

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Turn the driver's errors into ours, with the place and a remedy."""
        try:
            yield
        except pymysql.MySQLError as error:
            raise server_error(error, self._at) from error


class LoadDataSink:
    """Rows as LOAD DATA's text, from memory.

    A batch is one transaction of a statement a piece: the server spools what one statement sends, so that is bounded by
    a chunk of the pipeline, whatever the batch.
    """

    def __init__(self, connection: RowConnection, table: Table, at: Connection) -> None:
        self._connection = connection
        self._table = table
        self._at = at
        self._encoder = MysqlTextEncoder(table)
        converted = [column.name for column in table.columns if column.type.kind in CONVERTED]
        columns = ", ".join(("@" if column.name in converted else "") + name(column.name) for column in table.columns)
        conversions = ", ".join(f"{name(of)} = CONVERT(@{name(of)} USING utf8mb4)" for of in converted)
        # Binary leaves the bytes as they are, for a uuid's sake; json takes no binary string and goes by a variable.
        self._into = f"INTO TABLE {qualified(at.database, table.name)} CHARACTER SET binary {_FORMAT} ({columns})"
        self._into += f" SET {conversions}" if conversions else ""

    def encode(self, batch: pa.RecordBatch) -> Rows:
        """LOAD DATA's text."""
        return self._encoder.encode(batch)

    def send(self, pieces: Iterator[Rows]) -> BatchReceipt:
        """One transaction; a warning undoes it."""
        sent = sum(map(self._load, pieces))
        written = time.perf_counter()
        self._connection.commit()
        return BatchReceipt(sent, time.perf_counter() - written)

    def _load(self, rows: Rows) -> int:
        loaded = self._connection.load(f"LOAD DATA LOCAL INFILE 'rows' {self._into}", rows.data)
        if loaded.warnings or loaded.rows != len(rows):
            # With LOCAL the server takes what it can of a row that it should refuse, and leaves out a key's second row.
            with self._connection.cursor() as cursor:
                cursor.execute("SHOW WARNINGS LIMIT 1")
                said = [str(message) for _, _, message in cursor.fetchall()]
            self._connection.rollback()
            raise ServerError(
                f"{self._at}: table {self._table.name!r} took {loaded.rows} of {len(rows)} rows"
                f" ({said[0] if said else 'without a warning'}); load into an empty table, or fit the column's type"
            )
        return len(rows.data)


class InsertSink:
    """Multi-row INSERT, the values bound on the client, so that the bytes on the wire are known."""

    def __init__(self, connection: RowConnection, table: Table, at: Connection) -> None:
        self._connection = connection
        self._table = table
        self._row = "(" + ", ".join(["%s"] * len(table.columns)) + ")"
        columns = names([column.name for column in table.columns]).replace("%", "%%")
        into = qualified(at.database, table.name).replace("%", "%%")
        self._insert = f"INSERT INTO {into} ({columns}) VALUES "  # noqa: S608 - quoted

    def encode(self, batch: pa.RecordBatch) -> Records:
        """Python objects, as a program would bind them."""
        columns = [parameters(*pair) for pair in zip(self._table.columns, batch.columns, strict=True)]
        return Records(list(zip(*columns, strict=True)))

    def send(self, pieces: Iterator[Records]) -> BatchReceipt:
        """One transaction of as many statements as the rows take."""
        sent = 0
        with self._connection.cursor() as cursor:
            for piece in pieces:
                for first in range(0, len(piece), _ROWS_A_STATEMENT):
                    rows = piece.rows[first : first + _ROWS_A_STATEMENT]
                    statement = self._insert + ", ".join([self._row] * len(rows))
                    text = cursor.mogrify(statement, [value for row in rows for value in row])
                    cursor.execute(text)
                    sent += len(text.encode("utf-8", "surrogateescape"))
        written = time.perf_counter()
        self._connection.commit()
        return BatchReceipt(sent, time.perf_counter() - written)


def _conditions(table: Table, keys: KeyRange | pa.Array) -> Iterator[tuple[str, list[Any]]]:
    """Yield the conditions that together are true for these keys, each with its parameters."""
    if isinstance(keys, KeyRange):
        yield "BETWEEN %s AND %s", [keys.low, keys.high]
        return
    values = parameters(table.key, keys)
    for first in range(0, len(values), _ROWS_A_STATEMENT):
        yield "IN %s", [values[first : first + _ROWS_A_STATEMENT]]


def _was_deadlock(error: ServerError) -> bool:
    cause = error.__cause__
    return isinstance(cause, pymysql.OperationalError) and cause.args[0] == ER.LOCK_DEADLOCK


@contextmanager
def _locked(cursor: Cursor, at: Connection) -> Iterator[None]:
    cursor.execute("SELECT GET_LOCK(%s, %s)", [_PREPARE_LOCK, _LOCK_SECONDS])
    if cursor.fetchall() != ((1,),):
        raise ServerError(f"{at}: another prepare holds its lock for {_LOCK_SECONDS} s; wait until it has ended")
    try:
        yield
    finally:
        cursor.execute("SELECT RELEASE_LOCK(%s)", [_PREPARE_LOCK])
