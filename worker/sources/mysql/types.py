"""MySQL's type for every kind of column: its DDL, its cells as the server sends them, its parameters, and what is lost."""

import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

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

_POINT = struct.Struct("<4x5sdd")
"""The number of the reference system, then well-known binary: low bytes first and the type, then the coordinates."""
_LITTLE_ENDIAN_POINT = b"\x01\x01" + bytes(3)
_UUID_BYTES = 16


def _texts(cells: pa.Array) -> pa.Array:
    try:
        return cells.cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array(
            [None if cell is None else cell.decode(errors="backslashreplace") for cell in cells.to_pylist()]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MySQLType(StoreType):
    """A type with the ways to write and read its cells."""

    read: str = "{c}"
    """The expression of a cell, with `{c}` for its name."""
    decode: Callable[[pa.Array], pa.Array] = _texts
    """Returns the column for the bytes of `read` in the text protocol: in the generator's type, or text."""
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


def _booleans(cells: pa.Array) -> pa.Array:
    texts = _texts(cells)
    known = pc.index_in(texts, pa.array(["0", "1"]))
    return pc.coalesce(pa.array(["false", "true"]).take(known), texts)


def _itself(cells: pa.Array) -> pa.Array:
    return cells


def _uuids(cells: pa.Array) -> pa.Array:
    if pc.all(pc.equal(pc.binary_length(cells), _UUID_BYTES)).as_py() is False:
        return pa.array([None if cell is None else cell.hex() for cell in cells.to_pylist()], pa.string())
    return cells.cast(pa.binary(_UUID_BYTES))


def _sets(cells: pa.Array) -> pa.Array:
    texts = _texts(cells).to_pylist()
    lists = [None if text is None else json.dumps(text.split(",") if text else []) for text in texts]
    return pa.array(lists, pa.string())


def _durations(cells: pa.Array) -> pa.Array:
    texts = _texts(cells)
    try:
        return texts.cast(pa.int64()).cast(pa.duration("us"))
    except pa.ArrowInvalid:
        return texts


def _points(cells: pa.Array) -> pa.Array:
    return pa.array([None if cell is None else _point(cell) for cell in cells.to_pylist()], pa.string())


def _point(cell: bytes) -> str:
    if len(cell) != _POINT.size or (parts := _POINT.unpack(cell))[0] != _LITTLE_ENDIAN_POINT:
        return f"not a point: {cell.hex()}"
    return f"POINT ({parts[1]!r} {parts[2]!r})"


def _wkb_point(value: dict[str, float], _: DataType) -> bytes:
    return _POINT.pack(_LITTLE_ENDIAN_POINT, value["x"], value["y"])


def _simple(
    name: str | Callable[[DataType], str], decode: Callable[[pa.Array], pa.Array] = _texts, read: str = "{c}"
) -> MySQLType:
    return MySQLType(name=named(name) if isinstance(name, str) else name, read=read, decode=decode)


_JSON = MySQLType(name=named("json"), stored=large_numbers_as_doubles(JSON_INTEGERS))

TYPES: Mapping[Kind, MySQLType] = {
    Kind.BOOL: _simple("boolean", _booleans),
    Kind.INT8: _simple("tinyint"),
    Kind.INT16: _simple("smallint"),
    Kind.INT32: _simple("int"),
    Kind.INT64: _simple("bigint"),
    # MySQL shows six digits of a float, which has more. Adding 0E0 would lose the sign of a zero.
    Kind.FLOAT32: _simple("float", read="{c} * 1E0"),
    Kind.FLOAT64: _simple("double"),
    Kind.DECIMAL: _simple(lambda t: f"decimal({t.precision},{t.scale})"),
    Kind.CHAR: MySQLType(
        name=lambda t: f"char({t.length})" if _is_char(t) else _strings(t),
        stored=lambda values, t: unpadded(values, t) if _is_char(t) else values,
    ),
    Kind.VARCHAR: _simple(_strings),
    Kind.TEXT: _simple("longtext"),
    Kind.BLOB: _simple("longblob", _itself),
    Kind.BYTES: _simple(_bytes, _itself),
    Kind.DATE: _simple("date"),
    Kind.TIME: _simple("time(6)"),
    Kind.DATETIME: _simple("datetime(6)"),
    Kind.TIMESTAMP: _simple("datetime(6)"),
    Kind.TIMESTAMP_TZ: MySQLType(name=named("datetime(6)"), bind=lambda value, _: value.replace(tzinfo=None)),
    Kind.JSON: _JSON,
    Kind.JSONB: _JSON,
    Kind.UUID: _simple("binary(16)", _uuids),
    Kind.ULID: _simple("char(26)"),
    Kind.ARRAY: MySQLType(name=named("json"), stored=decimals_as_doubles, bind=json_value),
    Kind.ENUM: _simple(lambda t: f"enum{_members(t)}"),
    Kind.SET: MySQLType(name=lambda t: f"set{_members(t)}", decode=_sets, bind=lambda value, _: ",".join(value)),
    Kind.DURATION: MySQLType(name=named("bigint"), decode=_durations, bind=lambda value, _: microseconds(value)),
    Kind.POINT: MySQLType(name=named("point"), decode=_points, bind=_wkb_point),
}

MARIADB_TYPES: Mapping[Kind, MySQLType] = {
    **TYPES,
    # Its json is longtext, which keeps the text.
    **{kind: replace(TYPES[kind], stored=unchanged) for kind in (Kind.JSON, Kind.JSONB, Kind.ARRAY)},
}
