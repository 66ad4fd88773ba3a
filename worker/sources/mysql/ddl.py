"""The statements that create a schema's tables in MySQL; every name is quoted."""

from collections.abc import Sequence

from core.schema.checks.mysql import LONGEST_KEY
from core.schema.model import Column, Table
from worker.sources.mysql.types import TYPES


def name(of: str) -> str:
    """Return a name in backticks."""
    return "`" + of.replace("`", "``") + "`"


def qualified(database: str, table: str) -> str:
    """Return a table's quoted name with its database, so that no `USE` changes which table it is."""
    return f"{name(database)}.{name(table)}"


def names(of: Sequence[str]) -> str:
    """Return names in backticks, separated by commas."""
    return ", ".join(map(name, of))


def column_type(column: Column, is_key: bool = False) -> str:
    """Return the server's type for a column; a key gets the longest length that an index allows."""
    server_type = TYPES[column.type.kind].name(column.type)
    if is_key:
        return {"longtext": f"varchar({LONGEST_KEY})", "longblob": f"varbinary({4 * LONGEST_KEY})"}.get(
            server_type, server_type
        )
    return server_type


def create_table(table: Table, database: str, *, mariadb: bool = False, as_temporary: str | None = None) -> str:
    """Return the statement that creates a table, or a temporary table of the same shape with another name.

    Texts are compared by their code points, trailing spaces included: two keys that differ are two rows. Engine, row
    format and collation are explicit, whatever the server's defaults are.
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
    """Return the collation that compares code points and ignores no trailing spaces."""
    return "utf8mb4_nopad_bin" if mariadb else "utf8mb4_0900_bin"
