"""Read rows back by COPY TO in its binary format: for most types these are the bytes that the encoder writes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
from psycopg import sql
from psycopg.pq import ExecStatus

from core.schema.model import Column, Table
from core.schema.types import STRINGS, DataType, Kind
from worker.arrow import fixed_width, with_nulls
from worker.encode.encoder import key_first
from worker.encode.json_text import element_of
from worker.encode.postgres import PostgresBinaryEncoder, ServerRowEncoder
from worker.sources.base import Scope, StoredRows
from worker.sources.postgresql.reader import within

_ROWS = 8_192
_KEY_AT = 6
"""The bytes of a row before its first cell: the number of cells, and the cell's length (PostgreSQL manual, COPY)."""
_KEY_TYPES: Mapping[Kind, tuple[str, pa.DataType]] = {
    **dict.fromkeys((Kind.INT8, Kind.INT16), (">i2", pa.int16())),
    Kind.INT32: (">i4", pa.int32()),
    Kind.INT64: (">i8", pa.int64()),
}
_UUID_BYTES = 16
_REWRITTEN = (Kind.JSONB,)
"""Kinds whose text the server writes in a spelling of its own."""
_REWRITTEN_IN_LISTS = (*_REWRITTEN, Kind.CHAR, Kind.ULID, Kind.DECIMAL)
"""Kinds that the server pads or normalizes: a cell is read without that, an element of a list is not."""


def has_encoded_form(table: Table) -> bool:
    """Return whether the server sends a row of the table in the bytes of the encoder, with a key that is found in them."""
    key = table.key.type.kind
    return (key in _KEY_TYPES or key in STRINGS or key is Kind.UUID) and not any(
        element_of(column.type).kind in _REWRITTEN_IN_LISTS
        if column.type.kind is Kind.ARRAY
        else column.type.kind in _REWRITTEN
        for column in table.columns
    )


def read(connection: psycopg.Connection[Any], name: sql.Identifier, table: Table, scope: Scope) -> Iterator[StoredRows]:
    """Yield the rows of a scope's keys, or of the whole table if its keys are not consecutive numbers."""
    encoder = ServerRowEncoder(table)
    cells = sql.SQL(", ").join(map(_cell, key_first(table)))
    statement = sql.SQL("COPY (SELECT {} FROM {}{}) TO STDOUT (FORMAT binary)").format(
        cells, name, within(table, scope)
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        rows: list[bytes] = []
        for row in _rows(copy, connection):
            rows.append(row)
            if len(rows) == _ROWS:
                yield _stored(rows, table, encoder)
                rows = []
        if rows:
            yield _stored(rows, table, encoder)


def _cell(column: Column) -> sql.Composed:
    """Return the expression of a cell; the cast to text removes the blanks that fill up a char."""
    return sql.SQL("{}::text" if column.type.kind in (Kind.CHAR, Kind.ULID) else "{}").format(
        sql.Identifier(column.name)
    )


def _rows(copy: psycopg.Copy, connection: psycopg.Connection[Any]) -> Iterator[bytes]:
    """Yield the rows. The server sends each in a message of its own, and the header before the first one."""
    connection_ = connection.pgconn
    header, trailer = PostgresBinaryEncoder.header, PostgresBinaryEncoder.trailer
    while message := bytes(copy.read()):
        row = message.removeprefix(header)
        # Messages that have arrived are taken without the cost of waiting for them.
        while row != trailer:
            if row:
                yield row
            size, data = connection_.get_copy_data(1)
            if size == 0:
                break
            if size < 0:
                result = connection_.get_result()
                if result is not None and result.status != ExecStatus.COMMAND_OK:
                    raise psycopg.errors.error_from_result(result)
                return
            row = bytes(data)


def _stored(rows: Sequence[bytes], table: Table, encoder: ServerRowEncoder) -> StoredRows:
    stored = pa.array(rows, pa.binary())
    return StoredRows(
        _keys(rows, stored, table.key.type), [stored], lambda batch: [encoder.encode(batch).as_array()], parse=None
    )


def _keys(rows: Sequence[bytes], stored: pa.Array, type_: DataType) -> pa.Array:
    """Return the keys; null for a row that does not begin with a cell of the key's size."""
    if type_.kind in STRINGS:
        return pa.array(map(_text_key, rows), pa.string())
    width = _UUID_BYTES if type_.kind is Kind.UUID else np.dtype(_KEY_TYPES[type_.kind][0]).itemsize
    data = np.frombuffer(stored.buffers()[2], np.uint8)
    starts = np.frombuffer(stored.buffers()[1], np.int32)[: len(rows), None]
    # A row that is shorter has another length of its first cell.
    cells = data[np.minimum(starts + np.arange(_KEY_AT + width), len(data) - 1)]
    has_key = (cells[:, 2:_KEY_AT] == np.array([0, 0, 0, width])).all(axis=1)
    if type_.kind is Kind.UUID:
        return with_nulls(fixed_width(pa.binary(_UUID_BYTES), cells[:, _KEY_AT:]), has_key)
    sent, arrow = _KEY_TYPES[type_.kind]
    numbers = np.ascontiguousarray(cells[:, _KEY_AT:]).view(sent).reshape(-1)
    return with_nulls(fixed_width(arrow, numbers.astype(numbers.dtype.newbyteorder("="))), has_key)


def _text_key(row: bytes) -> str | None:
    size = int.from_bytes(row[2:_KEY_AT], "big", signed=True)
    return row[_KEY_AT : _KEY_AT + size].decode(errors="backslashreplace") if size >= 0 else None
