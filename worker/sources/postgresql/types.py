"""PostgreSQL's type for every kind of column: its DDL, its cells as text, its values as parameters, and what is lost."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from psycopg import sql

from core.schema.model import Table
from core.schema.types import FLOATS, INTEGERS, STRINGS, DataType, Kind
from worker.encode.json_text import element_of
from worker.sources.column_types import StoreType, named, stored_elements, unpadded

Expression = Callable[[sql.Composable, DataType], sql.Composable]


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgreSQLType(StoreType):
    """A type; its name is what `format_type` returns, so that it can be compared with a column that exists."""

    read: Expression
    """The cell as a text that does not depend on the session's settings, in the spelling of `worker.encode.text`."""
    checksum: Expression | None
    """The cell as `worker.sources.row_checksum` spells it; None if only PostgreSQL has this spelling."""
    bind: Callable[[Any], str] | None = None
    """A value as text, if the driver would change it as a parameter."""


def column_type(type_: DataType) -> str:
    """Return the server's type for a column, in the server's spelling."""
    return TYPES[type_.kind].name(type_)


def cell(name: sql.Composable, type_: DataType) -> sql.Composable:
    """Return the expression of a cell's text."""
    return TYPES[type_.kind].read(name, type_)


def is_summable(table: Table) -> bool:
    """Return whether every column has a spelling that the server and the worker share."""
    return all(TYPES[column.type.kind].checksum is not None for column in table.columns)


def checksum_cell(name: sql.Composable, type_: DataType) -> sql.Composable:
    """Return the expression of a cell for the row checksum; for tables that are summable."""
    expression = TYPES[type_.kind].checksum
    assert expression is not None  # noqa: S101 - is_summable
    return expression(name, type_)


def _template(template: str) -> Expression:
    return lambda name, _: sql.SQL(template).format(c=name)


def _simple(name: str | Callable[[DataType], str], template: str = "{c}::text") -> PostgreSQLType:
    """Return a type without losses whose text is also its text in the row checksum."""
    read = _template(template)
    return PostgreSQLType(name=named(name) if isinstance(name, str) else name, read=read, checksum=read)


def _array(name: sql.Composable, type_: DataType) -> sql.Composable:
    """Return JSON; elements of a type that JSON lacks are written as in a column of that type."""
    element = element_of(type_)
    # A cast of char(n) to text removes the padding.
    if element.kind in _JSON_ITSELF and element.kind is not Kind.CHAR:
        return sql.SQL("to_json({})::text").format(name)
    each = cell(sql.Identifier("e"), element)
    return sql.SQL(
        "CASE WHEN {name} IS NOT NULL THEN "
        "to_json(ARRAY(SELECT {each} FROM unnest({name}) WITH ORDINALITY AS u(e, n) ORDER BY n))::text END"
    ).format(name=name, each=each)


def _array_stored(values: pa.Array, type_: DataType) -> pa.Array:
    return stored_elements(values, type_, TYPES)


def _instant(value: str, form: str) -> str:
    """Return a template that marks years BC, which `to_char` does not."""
    return f"to_char({value}, '{form}') || CASE WHEN {value} < '0001-01-01' THEN ' BC' ELSE '' END"


_JSON_ITSELF = (*INTEGERS, *STRINGS, *FLOATS, Kind.BOOL, Kind.DECIMAL)
_BASE64 = "translate(encode({c}, 'base64'), E'\\n', '')"
_SECONDS = 'YYYY-MM-DD"T"HH24:MI:SS.US'
_MICROSECONDS = "(extract(epoch FROM {c}) * 1000000)::bigint"
_DURATION = (
    f"CASE WHEN {_MICROSECONDS} < 0 THEN '-' ELSE '' END || 'PT' || abs({_MICROSECONDS}) / 1000000 || '.' || "
    f"lpad((abs({_MICROSECONDS}) % 1000000)::text, 6, '0') || 'S'"
)

TYPES: Mapping[Kind, PostgreSQLType] = {
    Kind.BOOL: _simple("boolean"),
    Kind.INT8: _simple("smallint"),
    Kind.INT16: _simple("smallint"),
    Kind.INT32: _simple("integer"),
    Kind.INT64: _simple("bigint"),
    # Bound as text: a number would be a numeric to the server, which has no negative zero.
    Kind.FLOAT32: PostgreSQLType(
        name=named("real"),
        read=_template("{c}::text"),
        checksum=_template("encode(float4send({c}), 'hex')"),
        bind=repr,
    ),
    Kind.FLOAT64: PostgreSQLType(
        name=named("double precision"),
        read=_template("{c}::text"),
        checksum=_template("encode(float8send({c}), 'hex')"),
        bind=repr,
    ),
    Kind.DECIMAL: _simple(lambda t: f"numeric({t.precision},{t.scale})"),
    Kind.CHAR: PostgreSQLType(
        name=lambda t: f"character({t.length})",
        read=_template("{c}::text"),
        checksum=_template("{c}::text"),
        stored=unpadded,
    ),
    Kind.VARCHAR: _simple(lambda t: f"character varying({t.length})"),
    Kind.TEXT: _simple("text"),
    Kind.BLOB: _simple("bytea", _BASE64),
    Kind.BYTES: _simple("bytea", _BASE64),
    Kind.DATE: _simple("date", _instant("{c}", "YYYY-MM-DD")),
    Kind.TIME: PostgreSQLType(
        name=named("time without time zone"),
        read=_template("{c}::text"),
        checksum=_template("to_char({c}, 'HH24:MI:SS.US')"),
    ),
    Kind.DATETIME: _simple("timestamp without time zone", _instant("{c}", _SECONDS)),
    Kind.TIMESTAMP: _simple("timestamp without time zone", _instant("{c}", _SECONDS + '"Z"')),
    Kind.TIMESTAMP_TZ: _simple("timestamp with time zone", _instant("({c} AT TIME ZONE 'UTC')", _SECONDS + '"Z"')),
    Kind.JSON: _simple("json"),
    Kind.JSONB: PostgreSQLType(name=named("jsonb"), read=_template("{c}::text"), checksum=None),
    Kind.UUID: PostgreSQLType(
        name=named("uuid"), read=_template("{c}::text"), checksum=_template("{c}::text"), bind=bytes.hex
    ),
    Kind.ULID: _simple("character(26)"),
    Kind.ARRAY: PostgreSQLType(
        name=lambda t: f"{column_type(element_of(t))}[]", read=_array, checksum=None, stored=_array_stored
    ),
    Kind.ENUM: _simple("text"),
    Kind.SET: PostgreSQLType(name=named("text[]"), read=_array, checksum=None),
    Kind.DURATION: _simple("interval", _DURATION),
    Kind.POINT: PostgreSQLType(
        name=named("point"),
        read=_template("'POINT (' || {c}[0] || ' ' || {c}[1] || ')'"),
        checksum=None,
        bind=lambda value: f"({value['x']!r},{value['y']!r})",
    ),
}
