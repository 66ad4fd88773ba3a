"""MySQL's type for every kind of column: its DDL, its cells as text, its values as parameters, and what is lost."""

import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from core.schema.checks.mysql import JSON_INTEGERS, LONGEST_CHAR, LONGEST_INLINE
from core.schema.types import DataType, Kind
from worker.encode.by_row import json_value, microseconds
from worker.sources.column_types import (
    StoreType,
    decimals_as_doubles,
    large_numbers_as_doubles,
    named,
    unchanged,
    unpadded,
)

_AS_TEXT = "CAST({c} AS CHAR CHARACTER SET utf8mb4)"
_WKB_POINT = struct.Struct("<5xdd")
"""Well-known binary, low bytes first: byte order and type, then the coordinates."""
_SRID_0_LITTLE_ENDIAN_POINT = bytes(4) + b"\x01\x01" + bytes(3)


def _texts(cells: list[Any]) -> pa.Array:
    return pa.array(cells, pa.string())


@dataclass(frozen=True, slots=True, kw_only=True)
class MySQLType(StoreType):
    """A type with the ways to write and read its cells."""

    read: str = _AS_TEXT
    """The expression of a cell, with `{c}` for its name: text in the spelling of `worker.encode.text`, if `decode` is unset."""
    decode: Callable[[list[Any]], pa.Array] = _texts
    """Returns the column for the values of `read`."""
    bind: Callable[[Any, DataType], Any] | None = None
    """Returns a value as the driver binds it, if MySQL has no type for the generated one."""


def types_of(mariadb: bool) -> Mapping[Kind, MySQLType]:
    """Return the types of MySQL or of MariaDB."""
    return MARIADB_TYPES if mariadb else TYPES


def bound_values(type_: DataType, values: pa.Array) -> list[Any]:
    """Return a column's values as the driver binds them."""
    bind = TYPES[type_.kind].bind
    objects: list[Any] = values.to_pylist()
    return objects if bind is None else [None if item is None else bind(item, type_) for item in objects]


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _strings(type_: DataType) -> str:
    length = type_.length or LONGEST_INLINE + 1
    return f"varchar({length})" if length <= LONGEST_INLINE else "longtext"


def _bytes(type_: DataType) -> str:
    length = type_.length or LONGEST_INLINE + 1
    return f"varbinary({length})" if length <= LONGEST_INLINE else "longblob"


def _is_char(type_: DataType) -> bool:
    return (type_.length or 0) <= LONGEST_CHAR


def _members(type_: DataType) -> str:
    return f"({', '.join(map(_literal, type_.values))})"


def _sets(cells: list[Any]) -> pa.Array:
    return _texts([None if cell is None else json.dumps(cell.split(",") if cell else []) for cell in cells])


def _durations(cells: list[Any]) -> pa.Array:
    return _texts(cells).cast(pa.int64()).cast(pa.duration("us"))


def _points(cells: list[Any]) -> pa.Array:
    return _texts([None if cell is None else _point(cell) for cell in cells])


def _point(wkb: bytes) -> str:
    x, y = _WKB_POINT.unpack(wkb)
    return f"POINT ({x!r} {y!r})"


def _wkb_point(value: dict[str, float], _: DataType) -> bytes:
    return _SRID_0_LITTLE_ENDIAN_POINT + struct.pack("<dd", value["x"], value["y"])


def _simple(name: str | Callable[[DataType], str], read: str = _AS_TEXT) -> MySQLType:
    return MySQLType(name=named(name) if isinstance(name, str) else name, read=read)


_BASE64 = "REPLACE(TO_BASE64({c}), '\\n', '')"
_JSON = MySQLType(name=named("json"), stored=large_numbers_as_doubles(JSON_INTEGERS))

TYPES: Mapping[Kind, MySQLType] = {
    Kind.BOOL: _simple("boolean", "CASE {c} WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE " + _AS_TEXT + " END"),
    Kind.INT8: _simple("tinyint"),
    Kind.INT16: _simple("smallint"),
    Kind.INT32: _simple("int"),
    Kind.INT64: _simple("bigint"),
    # MySQL shows six digits of a float, which has more. Adding 0E0 would lose the sign of a zero.
    Kind.FLOAT32: _simple("float", "CAST({c} * 1E0 AS CHAR CHARACTER SET utf8mb4)"),
    Kind.FLOAT64: _simple("double"),
    Kind.DECIMAL: _simple(lambda t: f"decimal({t.precision},{t.scale})"),
    Kind.CHAR: MySQLType(
        name=lambda t: f"char({t.length})" if _is_char(t) else _strings(t),
        stored=lambda values, t: unpadded(values, t) if _is_char(t) else values,
    ),
    Kind.VARCHAR: _simple(_strings),
    Kind.TEXT: _simple("longtext"),
    Kind.BLOB: _simple("longblob", _BASE64),
    Kind.BYTES: _simple(_bytes, _BASE64),
    Kind.DATE: _simple("date"),
    Kind.TIME: _simple("time(6)"),
    Kind.DATETIME: _simple("datetime(6)"),
    Kind.TIMESTAMP: _simple("datetime(6)"),
    Kind.TIMESTAMP_TZ: MySQLType(name=named("datetime(6)"), bind=lambda value, _: value.replace(tzinfo=None)),
    Kind.JSON: _JSON,
    Kind.JSONB: _JSON,
    Kind.UUID: _simple("binary(16)", "BIN_TO_UUID({c})"),
    Kind.ULID: _simple("char(26)"),
    Kind.ARRAY: MySQLType(name=named("json"), stored=decimals_as_doubles, bind=json_value),
    Kind.ENUM: _simple(lambda t: f"enum{_members(t)}"),
    Kind.SET: MySQLType(name=lambda t: f"set{_members(t)}", decode=_sets, bind=lambda value, _: ",".join(value)),
    Kind.DURATION: MySQLType(name=named("bigint"), decode=_durations, bind=lambda value, _: microseconds(value)),
    # Its text would have one digit of the coordinates too few.
    Kind.POINT: MySQLType(name=named("point"), read="ST_AsBinary({c})", decode=_points, bind=_wkb_point),
}

_UUID_GROUPS = ((1, 4), (5, 2), (7, 2), (9, 2), (11, 6))
MARIADB_TYPES: Mapping[Kind, MySQLType] = {
    **TYPES,
    # Its json is longtext, which keeps the text.
    **{kind: replace(TYPES[kind], stored=unchanged) for kind in (Kind.JSON, Kind.JSONB, Kind.ARRAY)},
    # It has no BIN_TO_UUID.
    Kind.UUID: replace(
        TYPES[Kind.UUID],
        read="LOWER(CONCAT("
        + ", '-', ".join("HEX(SUBSTR({c}, " + f"{first}, {length}))" for first, length in _UUID_GROUPS)
        + "))",
    ),
}
