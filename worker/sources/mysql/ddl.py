"""The tables that a schema becomes in MySQL: each type in the server's own, every name and value quoted."""

from collections.abc import Callable, Mapping, Sequence

from core.schema.checks.mysql import LONGEST_INLINE, LONGEST_KEY
from core.schema.model import Column, Table
from core.schema.types import DataType, Kind

_LONGEST_CHAR = 255


def name(of: str) -> str:
    """A name in backticks."""
    return "`" + of.replace("`", "``") + "`"


def qualified(database: str, table: str) -> str:
    """A table's name in backticks with its database's, so that no `USE` changes what it refers to."""
    return f"{name(database)}.{name(table)}"


def names(of: Sequence[str]) -> str:
    """Names in backticks, commas between."""
    return ", ".join(map(name, of))


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _strings(type_: DataType) -> str:
    length = type_.length or LONGEST_INLINE + 1
    return f"varchar({length})" if length <= LONGEST_INLINE else "longtext"


def _bytes(type_: DataType) -> str:
    length = type_.length or LONGEST_INLINE + 1
    return f"varbinary({length})" if length <= LONGEST_INLINE else "longblob"


def _set(type_: DataType) -> str:
    return f"set({', '.join(map(_literal, type_.values))})"


TYPES: Mapping[Kind, Callable[[DataType], str]] = {
    Kind.BOOL: lambda _: "boolean",
    Kind.INT8: lambda _: "tinyint",
    Kind.INT16: lambda _: "smallint",
    Kind.INT32: lambda _: "int",
    Kind.INT64: lambda _: "bigint",
    Kind.FLOAT32: lambda _: "float",
    Kind.FLOAT64: lambda _: "double",
    Kind.DECIMAL: lambda t: f"decimal({t.precision},{t.scale})",
    Kind.CHAR: lambda t: f"char({t.length})" if (t.length or 0) <= _LONGEST_CHAR else _strings(t),
    Kind.VARCHAR: _strings,
    Kind.TEXT: lambda _: "longtext",
    Kind.BLOB: lambda _: "longblob",
    Kind.BYTES: _bytes,
    Kind.DATE: lambda _: "date",
    Kind.TIME: lambda _: "time(6)",
    Kind.DATETIME: lambda _: "datetime(6)",
    Kind.TIMESTAMP: lambda _: "datetime(6)",
    Kind.TIMESTAMP_TZ: lambda _: "datetime(6)",
    Kind.JSON: lambda _: "json",
    Kind.JSONB: lambda _: "json",
    Kind.UUID: lambda _: "binary(16)",
    Kind.ULID: lambda _: "char(26)",
    Kind.ARRAY: lambda _: "json",
    Kind.ENUM: lambda t: f"enum({', '.join(map(_literal, t.values))})",
    Kind.SET: _set,
    Kind.DURATION: lambda _: "bigint",
    Kind.POINT: lambda _: "point",
}


def column_type(column: Column, is_key: bool = False) -> str:
    """The server's type for a column; a key has a length that an index can have."""
    server_type = TYPES[column.type.kind](column.type)
    if is_key:
        return {"longtext": f"varchar({LONGEST_KEY})", "longblob": f"varbinary({4 * LONGEST_KEY})"}.get(
            server_type, server_type
        )
    return server_type


def create_table(table: Table, database: str, *, mariadb: bool = False, as_temporary: str | None = None) -> str:
    """Return the statement that creates a table, or a temporary table of the same shape with another name.

    Texts are compared by their code points, trailing spaces included: two keys that differ are two rows. Engine, row
    format and collation are written out, whatever the server's defaults.
    """
    definitions = [
        f"{name(column.name)} {column_type(column, column.name == table.primary_key)}"
        + (" NULL" if column.nullable else " NOT NULL")
        for column in table.columns
    ]
    kind = "TEMPORARY TABLE" if as_temporary else "TABLE"
    return (
        f"CREATE {kind} {qualified(database, as_temporary or table.name)} "
        f"({', '.join(definitions)}, PRIMARY KEY ({name(table.primary_key)})) "
        f"ENGINE=InnoDB ROW_FORMAT=DYNAMIC CHARACTER SET utf8mb4 COLLATE {collation(mariadb)}"
    )


def collation(mariadb: bool) -> str:
    """Return the collation that compares code points and pads nothing."""
    return "utf8mb4_nopad_bin" if mariadb else "utf8mb4_0900_bin"
