"""PostgreSQL read back: COPY TO as CSV, every value as a text that does not hang on the session's settings."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql

from core.schema.model import Column, Table
from core.schema.types import BINARIES, FLOATS, INTEGERS, STRINGS, DataType, Kind
from worker.encode.json_text import element_of
from worker.sources import lossy_types
from worker.sources.base import Fingerprint, Scope
from worker.sources.csv.text import blocks_of, texts_of
from worker.sources.row_checksum import is_summable

_Expression = Callable[[sql.Composable, DataType], sql.Composable]


def read(
    connection: psycopg.Connection[Any], name: sql.Identifier, table: Table, scope: Scope
) -> Iterator[pa.RecordBatch]:
    """The rows of a scope's keys; of a key that is no consecutive number, the whole table."""
    cells = [_cell(sql.Identifier(column.name), column.type) for column in table.columns]
    query = sql.SQL("SELECT {} FROM {}").format(sql.SQL(", ").join(cells), name) + within(table, scope)
    names = [column.name for column in table.columns]
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv)").format(query)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for block in blocks_of(_Rows(copy)):
            yield texts_of(block, names)


def within(table: Table, scope: Scope) -> sql.Composable:
    """Return the condition for a scope's keys, if any; NULL is in no span, and read by the worker that leads."""
    first, stop = scope.keys or (None, None)
    key = sql.Identifier(table.primary_key)
    bounds = [
        sql.SQL("{} {} {}").format(key, sql.SQL(sign), sql.Literal(bound))
        for sign, bound in ((">=", first), ("<", stop))
        if bound is not None
    ]
    if not bounds:
        return sql.SQL("")
    condition = sql.SQL(" WHERE {}").format(sql.SQL(" AND ").join(bounds))
    return condition + sql.SQL(" OR {} IS NULL").format(key) if scope.checks_unowned_rows else condition


def as_stored(column: Column, values: pa.Array) -> pa.Array:
    """The values themselves; spaces at the end of a `char` are padding to the server."""
    if column.type.kind is Kind.ARRAY and element_of(column.type).kind is Kind.CHAR:
        return lossy_types.elements(values, lossy_types.unpadded)
    return lossy_types.unpadded(values) if column.type.kind is Kind.CHAR else values


class _Rows:
    """The server's messages as a stream."""

    def __init__(self, copy: psycopg.Copy) -> None:
        self._copy = copy

    def read(self, size: int, /) -> bytes:
        """At least `size` bytes while there are any."""
        parts: list[bytes] = []
        while size > 0 and (data := self._copy.read()):
            parts.append(bytes(data))
            size -= len(data)
        return b"".join(parts)


def _cell(name: sql.Composable, type_: DataType) -> sql.Composable:
    return _EXPRESSIONS.get(type_.kind, _as_text)(name, type_)


def _template(template: str) -> _Expression:
    return lambda name, _: sql.SQL(template).format(c=name)


_as_text = _template("{c}::text")


_JSON_ITSELF = (*INTEGERS, *STRINGS, *FLOATS, Kind.BOOL, Kind.DECIMAL)


def _array(name: sql.Composable, type_: DataType) -> sql.Composable:
    """JSON; elements that JSON has no spelling of its own for are written as the column's type is."""
    element = element_of(type_)
    # Of char(n) a cast to text removes the padding.
    if element.kind in _JSON_ITSELF and element.kind is not Kind.CHAR:
        return sql.SQL("to_json({})::text").format(name)
    each = _cell(sql.Identifier("e"), element)
    return sql.SQL(
        "CASE WHEN {name} IS NOT NULL THEN "
        "to_json(ARRAY(SELECT {each} FROM unnest({name}) WITH ORDINALITY AS u(e, n) ORDER BY n))::text END"
    ).format(name=name, each=each)


def _instant(value: str, form: str) -> str:
    """`to_char` leaves out that a year is before Christ."""
    return f"to_char({value}, '{form}') || CASE WHEN {value} < '0001-01-01' THEN ' BC' ELSE '' END"


_SECONDS = 'YYYY-MM-DD"T"HH24:MI:SS.US'
_MICROSECONDS = "(extract(epoch FROM {c}) * 1000000)::bigint"
_EXPRESSIONS: Mapping[Kind, _Expression] = {
    **dict.fromkeys(BINARIES, _template("translate(encode({c}, 'base64'), E'\\n', '')")),
    Kind.DATE: _template(_instant("{c}", "YYYY-MM-DD")),
    Kind.DATETIME: _template(_instant("{c}", _SECONDS)),
    Kind.TIMESTAMP: _template(_instant("{c}", _SECONDS + '"Z"')),
    Kind.TIMESTAMP_TZ: _template(_instant("({c} AT TIME ZONE 'UTC')", _SECONDS + '"Z"')),
    Kind.DURATION: _template(
        f"CASE WHEN {_MICROSECONDS} < 0 THEN '-' ELSE '' END || 'PT' || abs({_MICROSECONDS}) / 1000000 || '.' || "
        f"lpad((abs({_MICROSECONDS}) % 1000000)::text, 6, '0') || 'S'"
    ),
    **dict.fromkeys((Kind.ARRAY, Kind.SET), _array),
    Kind.POINT: _template("'POINT (' || {c}[0] || ' ' || {c}[1] || ')'"),
}


def fingerprint(
    connection: psycopg.Connection[Any], name: sql.Identifier, table: Table, scope: Scope
) -> Fingerprint | None:
    """The rows of a range of keys added up by the server; None without such a range, and for kinds that it spells anew."""
    if scope.keys is None or not is_summable(table):
        return None
    cells = [_summed(sql.Identifier(column.name), column.type) for column in table.columns]
    row = sql.SQL(" || ',' || ").join(
        sql.SQL("coalesce(length({c})::text || ':' || {c}, '-')").format(c=sql.SQL("({})").format(cell))
        for cell in cells
    )
    key = sql.Identifier(table.primary_key)
    statement = sql.SQL(
        "SELECT count(*), min(k), max(k), coalesce(sum(('x' || substr(md5(r), 1, 15))::bit(60)::bigint), 0) "
        "FROM (SELECT {} AS k, {} AS r FROM {}{}) AS rows"
    ).format(key, row, name, within(table, scope))
    count, smallest, largest, total = connection.execute(statement).fetchall()[0]
    return Fingerprint(int(count), smallest, largest, int(total) % 2**64)


def _summed(name: sql.Composable, type_: DataType) -> sql.Composable:
    if type_.kind in FLOATS:
        return sql.SQL("encode(float{}send({}), 'hex')").format(
            sql.SQL("4" if type_.kind is Kind.FLOAT32 else "8"), name
        )
    if type_.kind is Kind.TIME:
        return sql.SQL("to_char({}, 'HH24:MI:SS.US')").format(name)
    return _cell(name, type_)
