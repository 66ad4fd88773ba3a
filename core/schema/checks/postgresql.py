"""PostgreSQL's limits, checked in the plan, before a server refuses a table or row in the middle of a run.

Sources: postgresql.org, "PostgreSQL Limits", "System Columns", "Database Page Layout", "TOAST", "B-Tree Indexes". The bytes of
a row and of a key were measured on PostgreSQL 18 (tests/worker/sources/postgresql/test_limits.py).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from pydantic import JsonValue

from core.schema.checks.listed_values import padding_warnings
from core.schema.generators import Null, Pattern, RandomBytes, Template, given_values
from core.schema.model import Column, Table
from core.schema.types import BINARIES, CHARACTERS, DataType, Kind

_RESERVED = ("ctid", "xmin", "xmax", "cmin", "cmax", "tableoid")
_LONGEST_NAME, _MOST_COLUMNS, _LONGEST_CHAR = 63, 1_600, 10_485_760
_LONGEST_KEY = 2_692
"""Bytes of a key: a third of a page without the index's own bytes."""
_ROW_BYTES = 8_160
"""Bytes of a row in a page, with its header and padding."""
_HEADER = 23
_OFF_PAGE = 24
"""Bytes up to which a value stays in the page; a longer one has a pointer of 18 bytes there."""
_LEAST_OFF_PAGE = 8
"""Bytes of the shortest value that the server compresses."""
_NO_KEYS = (Kind.JSON, Kind.POINT)


class _Fixed(NamedTuple):
    size: int
    alignment: int


_FIXED: Mapping[Kind, _Fixed] = {
    Kind.BOOL: _Fixed(1, 1),
    **dict.fromkeys((Kind.INT8, Kind.INT16), _Fixed(2, 2)),
    **dict.fromkeys((Kind.INT32, Kind.FLOAT32, Kind.DATE), _Fixed(4, 4)),
    **dict.fromkeys(
        (Kind.INT64, Kind.FLOAT64, Kind.TIME, Kind.DATETIME, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ), _Fixed(8, 8)
    ),
    Kind.UUID: _Fixed(16, 1),
    **dict.fromkeys((Kind.DURATION, Kind.POINT), _Fixed(16, 8)),
}
_LEAST: Mapping[Kind, int] = {Kind.DECIMAL: 3, Kind.JSONB: 5, Kind.ARRAY: 13, Kind.SET: 13}


def complaints(table: Table) -> Iterator[str]:
    """Yield one line, with the limit and a remedy, for each reason why PostgreSQL cannot store the table."""
    yield from name_complaints(f"table {table.name}", table.name)
    for column in table.columns:
        where = f"table {table.name}: column {column.name}"
        yield from name_complaints(where, column.name)
        if column.name in _RESERVED:
            yield f"{where}: the name is reserved for a system column; rename the column"
        if column.type.kind in CHARACTERS and (column.type.length or 0) > _LONGEST_CHAR:
            yield f"{where}: a length of {column.type.length:,} is more than {_LONGEST_CHAR:,}; shorten it or use text"
        if column.name == table.primary_key:
            yield from (f"{where}: {complaint}" for complaint in _key_complaints(column))
        if _holds_nul(column):
            yield f"{where}: values of type {column.type.kind} cannot hold the character U+0000 (NUL); use bytes or json"
    if len(table.columns) > _MOST_COLUMNS:
        yield f"table {table.name}: {len(table.columns)} columns are more than {_MOST_COLUMNS:,}; split the table"
    elif (least := least_row_bytes(table)) > _ROW_BYTES:
        yield (
            f"table {table.name}: a row of {least:,} bytes or more is wider than a page takes ({_ROW_BYTES:,}); use fewer or "
            "narrower columns"
        )


def warnings(table: Table) -> Iterator[str]:
    """Yield warnings about rows that PostgreSQL may refuse and values that it changes."""
    for column in table.columns:
        where = f"table {table.name}: column {column.name}"
        type_ = column.type.element or column.type
        yield from (f"{where}: {warning}" for warning in padding_warnings(column, type_, "PostgreSQL"))
    most = most_row_bytes(table)
    if least_row_bytes(table) <= _ROW_BYTES < most and len(table.columns) <= _MOST_COLUMNS:
        yield (
            f"table {table.name}: rows may have up to {most:,} bytes in a page (a longer text counts {_OFF_PAGE}), and "
            f"PostgreSQL refuses rows with more than {_ROW_BYTES:,}; use fewer columns, or shorter texts"
        )


def least_row_bytes(table: Table) -> int:
    """Return the size of a row with the shortest values."""
    present = [column for column in table.columns if not (column.null_ratio or isinstance(column.generator, Null))]
    return _row_bytes(present, 0, _least)


def most_row_bytes(table: Table) -> int:
    """Return the size in a page of a row with the longest values."""
    return _row_bytes(table.columns, len(table.columns) if any(c.nullable for c in table.columns) else 0, _most)


def _row_bytes(columns: Iterable[Column], bits: int, size: Callable[[DataType], int]) -> int:
    width = _aligned(_HEADER + (bits + 7) // 8, 8)
    for column in columns:
        fixed = _FIXED.get(column.type.kind)
        width = _aligned(width, fixed.alignment) + fixed.size if fixed else width + size(column.type)
    return width


def _aligned(width: int, alignment: int) -> int:
    return -(-width // alignment) * alignment


def _least(type_: DataType) -> int:
    if type_.kind is Kind.ULID:
        return _LEAST_OFF_PAGE
    if type_.kind is Kind.CHAR:
        padded = (type_.length or 0) + 1
        return padded if padded <= _OFF_PAGE else _LEAST_OFF_PAGE
    return _LEAST.get(type_.kind, 1)


def _most(type_: DataType) -> int:
    if type_.kind in CHARACTERS:
        return min(4 * (type_.length or 0) + 1, _OFF_PAGE)
    if type_.kind is Kind.DECIMAL:
        return min(5 + 2 * -(-(type_.precision or 0) // 4), _OFF_PAGE)
    if type_.kind is Kind.ENUM:
        return min(max(len(value.encode()) for value in type_.values) + 1, _OFF_PAGE)
    return _OFF_PAGE


def name_complaints(where: str, name: str) -> Iterator[str]:
    """Yield a complaint about a name that is too long: the server would cut it with only a notice."""
    if (size := len(name.encode())) > _LONGEST_NAME:
        yield f"{where}: a name of {size} bytes is longer than {_LONGEST_NAME}, and the server cuts it; shorten it"


def _key_complaints(column: Column) -> Iterator[str]:
    if column.type.kind in _NO_KEYS:
        yield f"{column.type.kind} cannot be a primary key; use another column as the key"
    if isinstance(column.generator, RandomBytes) and column.generator.max_length > _LONGEST_KEY:
        yield f"a key of {column.generator.max_length:,} bytes is longer than {_LONGEST_KEY:,}; shorten it"


def _holds_nul(column: Column) -> bool:
    type_, generator = column.type.element or column.type, column.generator
    if type_.kind is Kind.JSON or type_.kind in BINARIES:
        return False
    given: list[JsonValue] = [*type_.values, *given_values(generator)]
    if isinstance(generator, Pattern):
        given.append(generator.pattern)
    elif isinstance(generator, Template):
        given.append(generator.template)
    # In a text, a document is its JSON, in which NUL is six other characters.
    return any(_has_nul(value) for value in given if type_.kind is Kind.JSONB or isinstance(value, str))


def _has_nul(value: JsonValue) -> bool:
    match value:
        case str():
            return "\0" in value
        case list():
            return any(map(_has_nul, value))
        case dict():
            return any("\0" in name or _has_nul(item) for name, item in value.items())
        case _:
            return False
