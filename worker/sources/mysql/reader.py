"""MySQL read back: a streaming cursor, every value as text."""

import json
import struct
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
from pymysql.connections import Connection
from pymysql.cursors import SSCursor

from core.schema.model import Table
from core.schema.types import BINARIES, DOCUMENTS, DataType, Kind
from worker.sources import lossy_types
from worker.sources.base import Scope
from worker.sources.mysql.ddl import name, qualified

_ROWS = 8_192
_WHOLE_NUMBERS = lossy_types.large_numbers(-(2**63), 2**64 - 1)
_LONGEST_CHAR = 255
_WKB_POINT = struct.Struct("<5xdd")
"""Byte order and type, then the coordinates."""


def read(
    connection: "Connection[Any]", database: str, table: Table, scope: Scope, *, mariadb: bool = False
) -> Iterator[pa.RecordBatch]:
    """The rows of a scope's keys; of a key that is no consecutive number, the whole table."""
    templates = _MARIADB_TEMPLATES if mariadb else _TEMPLATES
    cells = ", ".join(templates.get(column.type.kind, _AS_TEXT).format(c=name(column.name)) for column in table.columns)
    query = f"SELECT {cells} FROM {qualified(database, table.name)}"  # noqa: S608 - names are quoted
    query += _within(table, scope)
    names = [column.name for column in table.columns]
    with connection.cursor(SSCursor) as cursor:
        cursor.execute(query)
        while rows := cursor.fetchmany(_ROWS):
            columns = zip(*rows, strict=True)
            arrays = [_column(list(cells), column.type) for cells, column in zip(columns, table.columns, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, names=names)


def _within(table: Table, scope: Scope) -> str:
    """Return the condition for a scope's keys, if any; NULL is in no span, and read by the worker that leads."""
    first, stop = scope.keys or (None, None)
    key = name(table.primary_key)
    bounds = [f"{key} {sign} {bound}" for sign, bound in ((">=", first), ("<", stop)) if bound is not None]
    if not bounds:
        return ""
    return " WHERE " + " AND ".join(bounds) + (f" OR {key} IS NULL" if scope.checks_unowned_rows else "")


def as_stored(type_: DataType, values: pa.Array, *, mariadb: bool = False) -> pa.Array:
    """A `char` has no spaces at its end; MySQL's JSON numbers are of 64 bits, MariaDB keeps JSON as it was written."""
    if type_.kind is Kind.CHAR and (type_.length or 0) <= _LONGEST_CHAR:
        return lossy_types.unpadded(values)
    if mariadb:
        return values
    if type_.kind in DOCUMENTS:
        return _WHOLE_NUMBERS(values)
    if type_.kind is Kind.ARRAY and type_.element is not None and type_.element.kind is Kind.DECIMAL:
        return lossy_types.doubles(values)
    return values


def _column(cells: list[Any], type_: DataType) -> pa.Array:
    if type_.kind is Kind.SET:
        return pa.array(
            [None if cell is None else json.dumps(cell.split(",") if cell else []) for cell in cells], pa.string()
        )
    if type_.kind is Kind.DURATION:
        return pa.array(cells, pa.string()).cast(pa.int64()).cast(pa.duration("us"))
    if type_.kind is Kind.POINT:
        return pa.array([None if cell is None else _point(cell) for cell in cells], pa.string())
    return pa.array(cells, pa.string())


def _point(wkb: bytes) -> str:
    """Return the text of a point in well-known binary, which the server writes with its low bytes first."""
    x, y = _WKB_POINT.unpack(wkb)
    return f"POINT ({x!r} {y!r})"


_AS_TEXT = "CAST({c} AS CHAR CHARACTER SET utf8mb4)"
_TEMPLATES: Mapping[Kind, str] = {
    Kind.BOOL: "CASE {c} WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE " + _AS_TEXT + " END",
    # A float is shown with six digits, and has more. Adding 0E0 would lose the sign of a zero.
    Kind.FLOAT32: "CAST({c} * 1E0 AS CHAR CHARACTER SET utf8mb4)",
    **dict.fromkeys(BINARIES, "REPLACE(TO_BASE64({c}), '\\n', '')"),
    Kind.UUID: "BIN_TO_UUID({c})",
    # As text its coordinates would have a digit too few.
    Kind.POINT: "ST_AsBinary({c})",
}
_GROUPS = ((1, 4), (5, 2), (7, 2), (9, 2), (11, 6))
_MARIADB_TEMPLATES: Mapping[Kind, str] = {
    **_TEMPLATES,
    # It has no BIN_TO_UUID.
    Kind.UUID: "LOWER(CONCAT("
    + ", '-', ".join("HEX(SUBSTR({c}, " + f"{first}, {length}))" for first, length in _GROUPS)
    + "))",
}
