"""PostgreSQL: COPY FROM STDIN in its binary format, each batch a transaction of its own."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from spec.connection import Connection
from spec.errors import PlanError, ServerError
from spec.plan import OnExisting, Shard
from spec.schema import Column, Table
from spec.sources import INSERT, POSTGRESQL
from spec.types import DataType, Kind
from worker.encode.postgres_binary import PostgresBinaryEncoder
from worker.encode.records import Records
from worker.encode.rows import Rows
from worker.sources import postgresql_read
from worker.sources.base import Fingerprint, KeyRange, Scope, Seat, Sent, Sink
from worker.sources.existing import in_another_shape, not_to_be_touched
from worker.sources.keepalive import LIBPQ
from worker.sources.remedies import GONE, MORE_DISK

_ROWS_A_STATEMENT = 1_000
"""Of a multi-row INSERT: what loaders commonly send."""
_SETTINGS = (
    "server_version", "max_connections", "shared_buffers", "wal_level", "max_wal_senders", "synchronous_commit",
    "fsync", "full_page_writes", "max_wal_size",
)  # fmt: skip
_LONGEST_NAME = 63
"""Bytes, as the server is built by everybody (NAMEDATALEN less one)."""
_CONNECTION = {**LIBPQ, "connect_timeout": 10}
"""Where the connection string says nothing else."""
_PREPARE_LOCK = 0x10AD7E57
"""Any constant: two `prepare` of one database wait for each other on it."""

TYPES: Mapping[Kind, Callable[[DataType], str]] = {
    Kind.BOOL: lambda _: "boolean",
    Kind.INT8: lambda _: "smallint",
    Kind.INT16: lambda _: "smallint",
    Kind.INT32: lambda _: "integer",
    Kind.INT64: lambda _: "bigint",
    Kind.FLOAT32: lambda _: "real",
    Kind.FLOAT64: lambda _: "double precision",
    Kind.DECIMAL: lambda t: f"numeric({t.precision},{t.scale})",
    Kind.CHAR: lambda t: f"character({t.length})",
    Kind.VARCHAR: lambda t: f"character varying({t.length})",
    Kind.TEXT: lambda _: "text",
    Kind.BLOB: lambda _: "bytea",
    Kind.BYTES: lambda _: "bytea",
    Kind.DATE: lambda _: "date",
    Kind.TIME: lambda _: "time without time zone",
    Kind.DATETIME: lambda _: "timestamp without time zone",
    Kind.TIMESTAMP: lambda _: "timestamp without time zone",
    Kind.TIMESTAMP_TZ: lambda _: "timestamp with time zone",
    Kind.JSON: lambda _: "json",
    Kind.JSONB: lambda _: "jsonb",
    Kind.UUID: lambda _: "uuid",
    Kind.ULID: lambda _: "character(26)",
    Kind.ARRAY: lambda t: f"{column_type(t.element)}[]" if t.element else "text[]",
    Kind.ENUM: lambda _: "text",
    Kind.SET: lambda _: "text[]",
    Kind.DURATION: lambda _: "interval",
    Kind.POINT: lambda _: "point",
}
"""Each type as `format_type` spells it, so that a table's shape can be compared with what the server says."""


def column_type(data_type: DataType) -> str:
    """The server's type for a column's, in its own spelling."""
    return TYPES[data_type.kind](data_type)


def create_table(table: Table) -> sql.Composed:
    """The statement that makes a table; every name is quoted."""
    columns = [_definition(column) for column in table.columns]
    key = sql.SQL("PRIMARY KEY ({})").format(sql.Identifier(table.primary_key))
    return sql.SQL("CREATE TABLE {} ({})").format(sql.Identifier(table.name), sql.SQL(", ").join([*columns, key]))


def _definition(column: Column) -> sql.Composed:
    parts: list[sql.Composable] = [sql.Identifier(column.name), sql.SQL(column_type(column.type))]
    if not column.nullable:
        parts.append(sql.SQL("NOT NULL"))
    return sql.SQL(" ").join(parts)


def open_source(connection: Connection, _: Seat) -> "PostgreSQL":
    """The source of a connection string, not connected yet."""
    return PostgreSQL(connection)


class PostgreSQL:
    """One connection, in autocommit: a COPY is a transaction without the round trips of BEGIN and COMMIT."""

    capabilities = POSTGRESQL

    def __init__(self, connection: Connection) -> None:
        self._at = connection
        self._connection: psycopg.Connection[Any] | None = None

    def connect(self) -> None:
        """One try; raises ServerError, transient unless the server answered with a refusal that stays."""
        with self._named():
            options = make_conninfo(**{**_CONNECTION, **conninfo_to_dict(self._at.url())})  # type: ignore[arg-type]
            self._connection = psycopg.connect(options, autocommit=True)

    def prepare(self, tables: Sequence[Table], on_existing: OnExisting) -> Sequence[str]:
        """Make the tables in one transaction, under a lock that a second `prepare` waits for."""
        for table in tables:
            for name in (table.name, *(column.name for column in table.columns)):
                _check_length(name)
        with self._named(), self._server.transaction(), self._server.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_PREPARE_LOCK])
            for table in tables:
                self._prepare(cursor, table, on_existing)
        return ()

    def _prepare(self, cursor: psycopg.Cursor[Any], table: Table, on_existing: OnExisting) -> None:
        shape = _shape_in_server(cursor, table)
        if not shape:
            cursor.execute(create_table(table))
            return
        if shape != [(column.name, column_type(column.type)) for column in table.columns]:
            found = ", ".join(f"{name} {kind}" for name, kind in shape)
            raise in_another_shape("table", table.name, self._at, found)
        if on_existing is OnExisting.FAIL:
            raise not_to_be_touched("table", table.name, self._at)
        if on_existing is OnExisting.EMPTY:
            cursor.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier(table.name)))

    @contextmanager
    def sink(self, table: Table, shard: Shard, method: str) -> Iterator[Sink[Any]]:  # noqa: ARG002
        """COPY, or multi-row INSERT."""
        with self._named():
            yield (InsertSink if method == INSERT else CopySink)(self._server, table)

    def remove(self, table: Table, keys: KeyRange | pa.Array) -> None:
        """Delete the rows with these keys."""
        name, key = sql.Identifier(table.name), sql.Identifier(table.primary_key)
        with self._named():
            if isinstance(keys, KeyRange):
                statement = sql.SQL("DELETE FROM {} WHERE {} BETWEEN %s AND %s").format(name, key)
                self._server.execute(statement, [keys.low, keys.high])
            else:
                statement = sql.SQL("DELETE FROM {} WHERE {} = ANY(%s)").format(name, key)
                self._server.execute(statement, [_parameters(table.key, keys)])

    def count(self, table: Table) -> int:
        """`SELECT count(*)`."""
        with self._named():
            cursor = self._server.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table.name)))
            return int(cursor.fetchall()[0][0])

    def read(self, table: Table, scope: Scope) -> Iterator[pa.RecordBatch]:
        """COPY TO, which sees what was committed when it began."""
        with self._named():
            yield from postgresql_read.read(self._server, table, scope)

    def held(self, column: Column, values: pa.Array) -> pa.Array:
        """What the server holds of generated values."""
        return postgresql_read.held(column, values)

    def fingerprint(self, table: Table, scope: Scope) -> Fingerprint | None:
        """By the server's own md5 and sum."""
        with self._named():
            return postgresql_read.fingerprint(self._server, table, scope)

    def settings(self) -> Mapping[str, str]:
        """What `SHOW` says of the settings that bear on a load."""
        with self._named():
            cursor = self._server.execute(
                "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY(%s) ORDER BY name",
                [list(_SETTINGS)],
            )
            return dict(cursor.fetchall())

    def close(self) -> None:
        """Release the connection."""
        if self._connection is not None:
            self._connection.close()

    @property
    def _server(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            raise ServerError(f"{self._at}: not connected", transient=True)
        return self._connection

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Turn the driver's errors into ours, with the place and a remedy."""
        try:
            yield
        except psycopg.Error as error:
            raise _server_error(error, self._at) from error


class CopySink:
    """Rows in COPY's binary format, straight to the wire: it costs the server less than text (bench/encode.py)."""

    def __init__(self, connection: psycopg.Connection[Any], table: Table) -> None:
        self._connection = connection
        self._encoder = PostgresBinaryEncoder(table)
        columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)
        statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(sql.Identifier(table.name), columns)
        self._statement = statement.as_bytes(connection)

    def encode(self, batch: pa.RecordBatch) -> Rows:
        """COPY's binary format."""
        return self._encoder.encode(batch)

    def send(self, pieces: Iterator[Rows]) -> Sent:
        """One COPY, which is one transaction."""
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
            return Sent(sent, time.perf_counter() - written)


class InsertSink:
    """Multi-row INSERT, the values bound on the client, so that the bytes on the wire are known."""

    def __init__(self, connection: psycopg.Connection[Any], table: Table) -> None:
        self._connection = connection
        self._table = table
        self._row = sql.SQL("({})").format(sql.SQL(", ").join(sql.Placeholder() * len(table.columns)))
        columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)
        self._insert = sql.SQL("INSERT INTO {} ({}) VALUES ").format(sql.Identifier(table.name), columns)

    def encode(self, batch: pa.RecordBatch) -> Records:
        """Python objects, as a program would bind them."""
        columns = [_parameters(*pair) for pair in zip(self._table.columns, batch.columns, strict=True)]
        return Records(list(zip(*columns, strict=True)))

    def send(self, pieces: Iterator[Records]) -> Sent:
        """One transaction of as many statements as the rows take."""
        sent = 0
        cursor = psycopg.ClientCursor(self._connection)
        with self._connection.transaction(), cursor:
            for piece in pieces:
                for first in range(0, len(piece), _ROWS_A_STATEMENT):
                    sent += self._insert_rows(cursor, piece.rows[first : first + _ROWS_A_STATEMENT])
            written = time.perf_counter()
        return Sent(sent, time.perf_counter() - written)

    def _insert_rows(self, cursor: psycopg.ClientCursor[Any], rows: Sequence[tuple[Any, ...]]) -> int:
        statement = self._insert + sql.SQL(", ").join([self._row] * len(rows))
        text = cursor.mogrify(statement, [value for row in rows for value in row]).encode()
        cursor.execute(text)
        return len(text)


def _parameters(column: Column, values: pa.Array) -> list[Any]:
    """A column as values that the driver binds; what it does not know goes as the server's text for it."""
    kind = column.type.kind
    if kind is Kind.UUID:
        return [None if value is None else value.hex() for value in values.to_pylist()]
    if kind is Kind.POINT:
        return [None if value is None else f"({value['x']!r},{value['y']!r})" for value in values.to_pylist()]
    return list(values.to_pylist())


def _check_length(name: str) -> None:
    """The server cuts a name that is too long, and may then mean a table that is another's."""
    if len(name.encode()) > _LONGEST_NAME:
        raise PlanError(
            f"source: 'postgresql' has names of {_LONGEST_NAME} bytes at most, and {name[:20] + '...'!r} has "
            f"{len(name.encode())}; shorten it in the schema"
        )


def _shape_in_server(cursor: psycopg.Cursor[Any], table: Table) -> list[tuple[str, str]]:
    cursor.execute(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
        "WHERE attrelid = to_regclass(quote_ident(%s)) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        [table.name],
    )
    return [(str(name), str(kind)) for name, kind in cursor.fetchall()]


_REMEDIES: Mapping[str, str] = {
    "28P01": "check user and password in the connection string",
    "28000": "check user and password in the connection string, and the server's pg_hba.conf",
    "3D000": "create the database, or name another in the connection string",
    "42501": "grant the user CREATE on the schema and INSERT on the tables",
    "53100": MORE_DISK,
    "53200": "give the server more memory by databaseMemoryLimit",
    "53300": "lower workers, or raise the server's max_connections",
    **dict.fromkeys(("57P01", "57P02", "08006"), GONE),
}
_LOST = ("closed the connection", "connection is lost", "connection is closed", "Connection reset", "Broken pipe")
"""What libpq says of a connection that there was, without a state."""
_TRANSIENT = ("57P03", "53300")  # starting up or shutting down; too many connections


def _server_error(error: psycopg.Error, at: Connection) -> ServerError:
    """One line: where, what the server or the driver said, what to do."""
    state = error.sqlstate or ""
    said = error.diag.message_primary or " ".join(str(error).split()) or type(error).__name__
    refused = "password authentication failed" in said or "role" in said
    missing = 'database "' in said and "does not exist" in said
    if not state and refused:
        state = "28P01"
    if not state and missing:
        state = "3D000"
    lost = not state and any(words in said for words in _LOST)
    otherwise = GONE if lost else "see the server's log" if state else "check that the server is up and reachable"
    remedy = _REMEDIES.get(state, otherwise)
    transient = state in _TRANSIENT or (not state and isinstance(error, psycopg.OperationalError))
    return ServerError(f"{at}: {said}; {remedy}", transient=transient)
