"""MySQL's limits, checked in the plan, before a server refuses a table or row in the middle of a run.

Sources: dev.mysql.com, "Limits on Table Column Count and Row Size", "InnoDB Limits", "Identifier Length Limits". The bytes
that InnoDB counts per column were measured on MySQL 9.7 (tests/worker/sources/mysql/test_limits.py).
"""

from collections.abc import Iterator, Mapping

from core.schema.checks.listed_values import number_warnings, padding_warnings
from core.schema.model import Column, Table
from core.schema.types import CHARACTERS, DataType, Kind

LONGEST_INLINE = 1_000
"""Characters or bytes up to which a string is part of the row; longer ones are longtext or longblob."""
LONGEST_KEY = 768
"""Characters of a key: InnoDB's 3,072 bytes at four bytes each."""
LONGEST_CHAR = 255
"""The most characters of a MySQL CHAR; a longer `char` is stored as a varchar or longtext."""
MOST_MEMBERS = 64
JSON_INTEGERS = range(-(2**63), 2**64)
"""The whole numbers that JSON holds as they are; others become doubles."""
_DOUBLE_DIGITS = 15
"""Digits of a decimal that a double preserves."""
_LONGEST_MEMBER, _LONGEST_NAME, _MOST_COLUMNS = 255, 64, 1_017
_MOST_SCALE = 30
_ROW_BYTES, _INNODB_BYTES = 65_535, 8_126
_OFF_PAGE = 40
"""Bytes of a longer column that InnoDB keeps in the page."""
_INNODB_HEADER = 5 + 6 + 7
"""Bytes of a record's header, transaction id and roll pointer."""
_TEXTS = (Kind.TEXT, Kind.BLOB, Kind.JSON, Kind.JSONB, Kind.ARRAY, Kind.POINT)
_NO_KEYS = (Kind.JSON, Kind.JSONB, Kind.ARRAY, Kind.POINT)
_FIXED: Mapping[Kind, int] = {
    Kind.BOOL: 1, Kind.INT8: 1, Kind.INT16: 2, Kind.INT32: 4, Kind.INT64: 8, Kind.FLOAT32: 4, Kind.FLOAT64: 8,
    Kind.DATE: 3, Kind.TIME: 6, Kind.DATETIME: 8, Kind.TIMESTAMP: 8, Kind.TIMESTAMP_TZ: 8, Kind.UUID: 16,
    Kind.DURATION: 8,
}  # fmt: skip
_DECIMAL_DIGITS = (0, 1, 1, 2, 2, 3, 3, 4, 4)
"""Bytes of the remaining digits; each full group of nine digits has four bytes."""


def complaints(table: Table) -> Iterator[str]:
    """Yield one line, with the limit and a remedy, for each reason why MySQL cannot store the table."""
    yield from _name_complaints(f"table {table.name}", table.name)
    for column in table.columns:
        where = f"table {table.name}: column {column.name}"
        yield from _name_complaints(where, column.name)
        yield from (f"{where}: {complaint}" for complaint in _type_complaints(column.type))
        if column.name == table.primary_key:
            yield from (f"{where}: {complaint}" for complaint in _key_complaints(column.type))
    if len(table.columns) > _MOST_COLUMNS:
        yield f"table {table.name}: {len(table.columns)} columns are more than {_MOST_COLUMNS}; split the table"
        return
    row, innodb = row_bytes(table), innodb_bytes(table)
    if row > _ROW_BYTES:
        yield (
            f"table {table.name}: a row of up to {row:,} bytes is wider than {_ROW_BYTES:,}, texts and blobs left out; "
            "shorten its varchar columns, or write text"
        )
    elif innodb >= _INNODB_BYTES:
        yield (
            f"table {table.name}: {innodb:,} bytes of a row must be in one page, and InnoDB takes fewer than {_INNODB_BYTES:,} "
            f"(a text or blob counts {_OFF_PAGE + 1}); use fewer columns"
        )


def warnings(table: Table) -> Iterator[str]:
    """Yield warnings about values that MySQL changes."""
    for column in table.columns:
        where = f"table {table.name}: column {column.name}"
        element = column.type.element
        if element is not None and element.kind is Kind.DECIMAL and (element.precision or 0) > _DOUBLE_DIGITS:
            yield (
                f"{where}: MySQL's JSON arrays hold decimals as doubles, of {_DOUBLE_DIGITS} digits: a "
                f"decimal({element.precision},{element.scale}) is rounded"
            )
        if column.type.kind is Kind.CHAR and (column.type.length or 0) <= LONGEST_CHAR:
            yield from (f"{where}: {warning}" for warning in padding_warnings(column, column.type, "MySQL"))
        yield from (f"{where}: {warning}" for warning in number_warnings(column, JSON_INTEGERS, "MySQL"))


def row_bytes(table: Table) -> int:
    """Return the largest size of a row, as the server computes it."""
    nulls = sum(column.nullable for column in table.columns)
    return sum(_server_bytes(column, table) for column in table.columns) + (nulls + 7) // 8


def innodb_bytes(table: Table) -> int:
    """Return the largest number of bytes of a row that InnoDB keeps in a page."""
    nulls = sum(column.nullable for column in table.columns)
    return _INNODB_HEADER + (nulls + 7) // 8 + sum(_page_bytes(column, table) for column in table.columns)


def _name_complaints(where: str, name: str) -> Iterator[str]:
    if len(name) > _LONGEST_NAME:
        yield f"{where}: a name of {len(name)} characters is longer than {_LONGEST_NAME}; shorten it"
    if name != name.rstrip(" "):
        yield f"{where}: a name cannot end in a space; remove it"
    if any(character == "\0" or character > "\uffff" for character in name):
        yield f"{where}: a name cannot have U+0000 or characters beyond U+FFFF; use others"


def _type_complaints(type_: DataType) -> Iterator[str]:
    if type_.kind is Kind.DECIMAL and (type_.scale or 0) > _MOST_SCALE:
        yield f"decimal({type_.precision},{type_.scale}) has a scale above {_MOST_SCALE}; use a smaller scale"
    if type_.kind in (Kind.ENUM, Kind.SET):
        if any(len(value) > _LONGEST_MEMBER for value in type_.values):
            yield f"a value of the {type_.kind} is longer than {_LONGEST_MEMBER} characters; shorten it or use text"
        if any(value.endswith(" ") for value in type_.values):
            yield f"a value of the {type_.kind} ends in a space, which is removed; remove it or use text"
    if type_.kind is Kind.SET and (len(type_.values) > MOST_MEMBERS or any("," in value for value in type_.values)):
        yield f"a set has {MOST_MEMBERS} values at most, without commas; use an array of text"


def _key_complaints(type_: DataType) -> Iterator[str]:
    if type_.kind in _NO_KEYS:
        yield f"{type_.kind} cannot be a primary key; use another column as the key"
    most = 4 * LONGEST_KEY if type_.kind is Kind.BYTES else LONGEST_KEY
    if type_.kind in CHARACTERS | {Kind.BYTES} and (type_.length or 0) > most:
        yield f"a key of {type_.length} is longer than {most:,} (3,072 bytes); shorten it"


def _longest(column: Column, table: Table) -> int | None:
    """Return the largest size of a string in the row; None for text, blobs and types of fixed size."""
    type_, is_key = column.type, column.name == table.primary_key
    if type_.kind is Kind.ULID:
        return 4 * 26
    length = type_.length or LONGEST_INLINE + 1
    if type_.kind in CHARACTERS and length <= LONGEST_INLINE:
        return 4 * length
    if type_.kind is Kind.BYTES and length <= LONGEST_INLINE:
        return length
    return 4 * LONGEST_KEY if is_key else None


def _is_char(type_: DataType) -> bool:
    return type_.kind is Kind.ULID or (type_.kind is Kind.CHAR and (type_.length or 0) <= LONGEST_CHAR)


def _fixed_bytes(type_: DataType) -> int | None:
    if type_.kind is Kind.DECIMAL:
        whole, scale = (type_.precision or 0) - (type_.scale or 0), type_.scale or 0
        return sum(digits // 9 * 4 + _DECIMAL_DIGITS[digits % 9] for digits in (whole, scale))
    if type_.kind is Kind.ENUM:
        return 1 if len(type_.values) < 256 else 2
    if type_.kind is Kind.SET:
        size = (len(type_.values) + 7) // 8
        return size if size <= 4 else 8
    return _FIXED.get(type_.kind)


def _server_bytes(column: Column, table: Table) -> int:
    fixed = _fixed_bytes(column.type)
    if fixed is not None:
        return fixed
    longest = _longest(column, table)
    if longest is None:
        return 12
    return longest if _is_char(column.type) else longest + (1 if longest < 256 else 2)


def _page_bytes(column: Column, table: Table) -> int:
    fixed = _fixed_bytes(column.type)
    if fixed is not None:
        return fixed
    longest = _longest(column, table)
    if column.name == table.primary_key and longest is not None:
        return longest + 2
    return min(longest if longest is not None else _OFF_PAGE, _OFF_PAGE) + 1
