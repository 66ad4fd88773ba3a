"""Read MySQL's rows back in the bytes of its text protocol; only those that differ are parsed."""

from collections.abc import Iterator, Mapping

import pyarrow as pa

from core.schema.model import Table
from core.schema.types import INTEGERS, Kind
from worker.arrow import arrow_type
from worker.encode.encoder import key_first
from worker.encode.mysql import CONVERTED, ServerRowEncoder
from worker.sources.base import Scope, StoredRows
from worker.sources.column_types import unchanged
from worker.sources.mysql.connection import RowConnection
from worker.sources.mysql.ddl import name, qualified
from worker.sources.mysql.text_protocol import cells_of
from worker.sources.mysql.types import MySQLType


def has_encoded_form(table: Table, types: Mapping[Kind, MySQLType]) -> bool:
    """Return whether the server returns the encoder's bytes: MySQL writes JSON in a spelling of its own."""
    return not any(
        column.type.kind in CONVERTED and types[column.type.kind].stored is not unchanged for column in table.columns
    )


def read(
    connection: RowConnection, database: str, table: Table, scope: Scope, types: Mapping[Kind, MySQLType]
) -> Iterator[StoredRows]:
    """Yield the rows of a scope's keys, or of the whole table if its keys are not consecutive numbers."""
    cells = ", ".join(types[column.type.kind].read.format(c=name(column.name)) for column in key_first(table))
    query = f"SELECT {cells} FROM {qualified(database, table.name)}"  # noqa: S608 - names are quoted
    encoder = ServerRowEncoder(table)
    for rows in connection.rows(query + _within(table, scope)):
        yield StoredRows(
            _keys(rows, table, types),
            [rows],
            lambda batch: [encoder.encode(_as_stored(batch, table, types)).as_array()],
            lambda parts: _columns(parts[0], table, types),
        )


def _within(table: Table, scope: Scope) -> str:
    """Return the condition for a scope's keys, if any; NULL is in no span, and read by one worker of the table."""
    first, stop = scope.keys or (None, None)
    key = name(table.primary_key)
    bounds = [f"{key} {sign} {bound}" for sign, bound in ((">=", first), ("<", stop)) if bound is not None]
    if not bounds:
        return ""
    return " WHERE " + " AND ".join(bounds) + (f" OR {key} IS NULL" if scope.checks_unowned_rows else "")


def _keys(rows: pa.Array, table: Table, types: Mapping[Kind, MySQLType]) -> pa.Array:
    """Return the keys, in the generator's type if all of them have it."""
    (cells,) = cells_of(rows, 1)
    keys = types[table.key.type.kind].decode(cells)
    if table.key.type.kind in INTEGERS:
        try:
            return keys.cast(arrow_type(table.key.type))
        except pa.ArrowInvalid:
            return keys
    return keys


def _as_stored(batch: pa.RecordBatch, table: Table, types: Mapping[Kind, MySQLType]) -> pa.RecordBatch:
    """Return generated rows with the losses of the server's types."""
    for place, column in enumerate(table.columns):
        stored = types[column.type.kind].stored
        if stored is not unchanged:
            batch = batch.set_column(place, batch.schema.field(place), stored(batch.column(place), column.type))
    return batch


def _columns(rows: pa.Array, table: Table, types: Mapping[Kind, MySQLType]) -> pa.RecordBatch:
    columns = key_first(table)
    cells = cells_of(rows, len(columns))
    return pa.RecordBatch.from_arrays(
        [types[column.type.kind].decode(of) for column, of in zip(columns, cells, strict=True)],
        names=[column.name for column in columns],
    )
