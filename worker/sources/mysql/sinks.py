"""Load rows into MySQL by LOAD DATA LOCAL INFILE from memory, or by INSERT statements of many rows."""

import time
from collections.abc import Iterable, Iterator

import pyarrow as pa

from core.connection import Connection
from core.errors import ServerError
from core.schema.model import Table
from worker.encode.mysql import CONVERTED, MysqlTextEncoder
from worker.encode.rows import Records, Rows
from worker.sources.base import ROWS_PER_STATEMENT, BatchReceipt
from worker.sources.mysql.connection import RowConnection
from worker.sources.mysql.ddl import name, names, qualified
from worker.sources.mysql.errors import packet_error, remedy_of
from worker.sources.mysql.types import bound_values

_FORMAT = r"FIELDS TERMINATED BY 0x09 ENCLOSED BY '' ESCAPED BY 0x5C LINES STARTING BY '' TERMINATED BY 0x0A"
"""Written as numbers: `'\\\\'` is not a backslash in every sql_mode."""


class LoadDataSink:
    """Rows as the text of LOAD DATA, from memory.

    A batch is one transaction with one statement per piece: the server spools what one statement sends, so a piece of the
    pipeline bounds that for every batch size.
    """

    def __init__(self, connection: RowConnection, table: Table, at: Connection) -> None:
        self._connection = connection
        self._table = table
        self._at = at
        self._encoder = MysqlTextEncoder(table)
        converted = [column.name for column in table.columns if column.type.kind in CONVERTED]
        columns = ", ".join(("@" if column.name in converted else "") + name(column.name) for column in table.columns)
        conversions = ", ".join(f"{name(of)} = CONVERT(@{name(of)} USING utf8mb4)" for of in converted)
        # The character set binary keeps the bytes of a uuid; json does not accept a binary string and needs a variable.
        self._into = f"INTO TABLE {qualified(at.database, table.name)} CHARACTER SET binary {_FORMAT} ({columns})"
        self._into += f" SET {conversions}" if conversions else ""

    def encode(self, batch: pa.RecordBatch) -> Rows:
        """Return the text of LOAD DATA."""
        return self._encoder.encode(batch)

    def send(self, pieces: Iterator[Rows]) -> BatchReceipt:
        """Send one transaction, which a warning rolls back."""
        sent = sum(map(self._load, pieces))
        written = time.perf_counter()
        self._connection.commit()
        return BatchReceipt(sent, time.perf_counter() - written)

    def _load(self, rows: Rows) -> int:
        loaded = self._connection.load(f"LOAD DATA LOCAL INFILE 'rows' {self._into}", rows.data)
        if loaded.warnings or loaded.rows != len(rows):
            # With LOCAL the server stores what it can of an invalid row, and drops the second row of a key.
            with self._connection.cursor() as cursor:
                cursor.execute("SHOW WARNINGS LIMIT 1")
                warnings = [(int(code), str(message)) for _, code, message in cursor.fetchall()]
            self._connection.rollback()
            # Without a warning, a trigger or rule of another engine dropped rows.
            code, message = warnings[0] if warnings else (0, "without a warning")
            raise ServerError(
                f"{self._at}: table {self._table.name!r} took {loaded.rows} of {len(rows)} rows ({message}); "
                f"{remedy_of(code, message)}"
            )
        return len(rows.data)


class InsertSink:
    """Multi-row INSERT with values bound on the client, so that the bytes sent can be counted."""

    def __init__(self, connection: RowConnection, table: Table, at: Connection) -> None:
        self._connection = connection
        self._table = table
        self._row = "(" + ", ".join(["%s"] * len(table.columns)) + ")"
        columns = names([column.name for column in table.columns])
        into = qualified(at.database, table.name)
        self._insert = f"INSERT INTO {into} ({columns}) VALUES "  # noqa: S608 - quoted

    def encode(self, batch: pa.RecordBatch) -> Records:
        """Return Python objects, as a program would bind them."""
        pairs = zip(self._table.columns, batch.columns, strict=True)
        return Records(list(zip(*[bound_values(column.type, values) for column, values in pairs], strict=True)))

    def send(self, pieces: Iterator[Records]) -> BatchReceipt:
        """Send one transaction, with statements of 1,000 rows or as many as one packet takes."""
        sent = 0
        with self._connection.cursor() as cursor:
            for piece in pieces:
                rows = (cursor.mogrify(self._row, row) for row in piece.rows)
                for statement in statements(self._insert, rows, self._connection.most_bytes):
                    cursor.execute(statement)
                    sent += bytes_of(statement)
        written = time.perf_counter()
        self._connection.commit()
        return BatchReceipt(sent, time.perf_counter() - written)


def statements(insert: str, rows: Iterable[str], most: int) -> Iterator[str]:
    """Yield statements of at most 1,000 rows and `most` bytes; raise the driver's error for a row that exceeds them."""
    head = bytes_of(insert) + 1  # the byte of the command
    values: list[str] = []
    size = head
    for row in rows:
        row_bytes = bytes_of(row) + 1  # the comma
        if head + row_bytes > most:
            raise packet_error(row_bytes, most)
        if len(values) == ROWS_PER_STATEMENT or size + row_bytes > most:
            yield insert + ",".join(values)
            values, size = [], head
        values.append(row)
        size += row_bytes
    if values:
        yield insert + ",".join(values)


def bytes_of(text: str) -> int:
    """Return the bytes of a statement as the driver encodes it."""
    return len(text.encode("utf-8", "surrogateescape"))
