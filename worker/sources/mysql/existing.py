"""Compare a table that exists with the one that a run needs, without changing anything."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pymysql
from pymysql.constants import ER
from pymysql.cursors import Cursor

from core.connection import Connection
from core.schema.generators import Reference
from core.schema.model import Table
from worker.sources.mysql.ddl import create_table, qualified

_SHAPE = "loadtest shape"
"""The name of a temporary table, which other sessions cannot see."""
_JSON_CHECK = "json_valid("


@dataclass
class Existing:
    """Complaints and warnings about an existing table, and the tables of the run that it references."""

    exists: bool
    complaints: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)


class _Column(NamedTuple):
    name: str
    type: str
    collation: str | None
    nullable: str
    extra: str


def inspect(cursor: Cursor, at: Connection, table: Table, run: Sequence[Table], *, mariadb: bool) -> Existing:
    """Compare one table; `run` is every table that is loaded."""
    cursor.execute(
        "SELECT table_type, engine FROM information_schema.tables WHERE table_schema = %s AND table_name = %s",
        [at.database, table.name],
    )
    rows = cursor.fetchall()
    if not rows:
        return Existing(exists=False)
    existing = Existing(exists=True)
    ((kind, engine),) = rows
    if kind != "BASE TABLE":
        existing.complaints.append(f"{table.name}: is a {kind}, wanted a table; drop it or load elsewhere")
        return existing
    if engine != "InnoDB":
        existing.complaints.append(
            f"{table.name}: has engine {engine}, wanted InnoDB, which has transactions; ALTER TABLE ... ENGINE=InnoDB"
        )
    existing.complaints += _columns(cursor, at, table, mariadb=mariadb)
    existing.complaints += _indexes(cursor, at, table)
    existing.complaints += _partitions(cursor, at, table)
    existing.complaints += _checks(cursor, at, table, mariadb=mariadb)
    _references(cursor, at, table, run, existing)
    cursor.execute(
        "SELECT trigger_name, action_timing, event_manipulation FROM information_schema.triggers "
        "WHERE event_object_schema = %s AND event_object_table = %s",
        [at.database, table.name],
    )
    existing.warnings += [
        f"table {table.name!r} has trigger {trigger!r} ({timing} {event}), which runs for every row"
        for trigger, timing, event in cursor.fetchall()
    ]
    return existing


def _columns(cursor: Cursor, at: Connection, table: Table, *, mariadb: bool) -> list[str]:
    found = {column.name.lower(): column for column in _read_columns(cursor, at.database, table.name)}
    cursor.execute(create_table(table, at.database, mariadb=mariadb, as_temporary=_SHAPE))
    try:
        # The server's own spelling of the types in the statement.
        wanted = _read_columns(cursor, at.database, _SHAPE)
    finally:
        cursor.execute(f"DROP TEMPORARY TABLE {qualified(at.database, _SHAPE)}")
    complaints = []
    for column in wanted:
        where, has = f"{table.name}.{column.name}", found.pop(column.name.lower(), None)
        if has is None:
            complaints.append(f"{where}: is missing, wanted {column.type}; add the column or drop the table")
            continue
        if "GENERATED" in has.extra.upper().replace("DEFAULT_GENERATED", ""):
            complaints.append(f"{where}: is a generated column, wanted a plain one; drop the expression")
        if has.type != column.type:
            complaints.append(f"{where}: has type {has.type}, wanted {column.type}; change the type or drop the table")
        elif has.nullable != column.nullable:
            wish = "NULL" if column.nullable == "YES" else "NOT NULL"
            complaints.append(f"{where}: is nullable: {has.nullable}, wanted {column.nullable}; change it to {wish}")
        elif (has.collation or "").split("_")[0] != (column.collation or "").split("_")[0]:
            complaints.append(f"{where}: has collation {has.collation}, wanted {column.collation}; convert the column")
        elif column.name in table.unique_columns and has.collation != column.collation:
            complaints.append(
                f"{where}: has collation {has.collation}, in which different keys may be equal, wanted "
                f"{column.collation}; convert the column"
            )
    complaints += [
        f"{table.name}.{column.name}: exists ({column.type}), but is not in the schema; drop it or add it to the schema"
        for column in found.values()
    ]
    return complaints


def _read_columns(cursor: Cursor, database: str, table: str) -> list[_Column]:
    """Return the columns of a table, temporary or not: information_schema does not list temporary tables."""
    try:
        cursor.execute(f"SHOW FULL COLUMNS FROM {qualified(database, table)}")
    except pymysql.ProgrammingError as error:
        if error.args[0] == ER.NO_SUCH_TABLE:
            return []
        raise
    return [_Column(row[0], str(row[1]), row[2], row[3], row[6]) for row in cursor.fetchall()]


def _indexes(cursor: Cursor, at: Connection, table: Table) -> list[str]:
    """Return complaints about the primary key, and about unique indexes that rows of the schema may violate."""
    cursor.execute(
        "SELECT index_name, column_name, sub_part FROM information_schema.statistics "
        "WHERE table_schema = %s AND table_name = %s AND non_unique = 0 ORDER BY index_name, seq_in_index",
        [at.database, table.name],
    )
    indexes: dict[str, list[tuple[str | None, int | None]]] = {}
    for index, column, part in cursor.fetchall():
        indexes.setdefault(index, []).append((column, part))
    key = indexes.pop("PRIMARY", [])
    complaints = []
    if key != [(table.primary_key, None)]:
        has = ", ".join(str(column) for column, _ in key) or "none"
        complaints.append(f"{table.name}: has primary key {has}, wanted {table.primary_key}; change the key")
    complaints += [
        f"{table.name}.{', '.join(str(column) for column, _ in columns)}: has unique index {index!r}, but the schema's "
        "values repeat; drop the index, or make the column unique in the schema"
        for index, columns in indexes.items()
        if not any(part is None and column in table.unique_columns for column, part in columns)
    ]
    return complaints


def _partitions(cursor: Cursor, at: Connection, table: Table) -> list[str]:
    cursor.execute(
        "SELECT partition_method, MAX(UPPER(partition_description) IN ('MAXVALUE', 'DEFAULT')) "
        "FROM information_schema.partitions WHERE table_schema = %s AND table_name = %s AND partition_name IS NOT NULL "
        "GROUP BY partition_method",
        [at.database, table.name],
    )
    return [
        f"{table.name}: is partitioned by {method} without a partition for every value; add one for MAXVALUE, or drop "
        "the partitioning"
        for method, open_ended in cursor.fetchall()
        if str(method).startswith(("RANGE", "LIST")) and not open_ended
    ]


def _checks(cursor: Cursor, at: Connection, table: Table, *, mariadb: bool) -> list[str]:
    """Return complaints about CHECK constraints, which generated rows may violate."""
    if mariadb:
        cursor.execute(
            "SELECT constraint_name, check_clause FROM information_schema.check_constraints "
            "WHERE constraint_schema = %s AND table_name = %s",
            [at.database, table.name],
        )
    else:
        cursor.execute(
            "SELECT constraint_name, check_clause FROM information_schema.table_constraints "
            "JOIN information_schema.check_constraints USING (constraint_schema, constraint_name) "
            "WHERE table_schema = %s AND table_name = %s AND enforced = 'YES'",
            [at.database, table.name],
        )
    return [
        f"{table.name}: has CHECK {constraint!r} ({clause}), wanted none, since generated rows may violate it; drop it"
        for constraint, clause in cursor.fetchall()
        if not str(clause).lower().startswith(_JSON_CHECK)
    ]


def _references(cursor: Cursor, at: Connection, table: Table, run: Sequence[Table], existing: Existing) -> None:
    """Inspect the foreign keys of the table, and those of other tables that reference it."""
    cursor.execute(
        "SELECT constraint_name, table_schema, table_name, column_name, referenced_table_schema, "
        "referenced_table_name, referenced_column_name FROM information_schema.key_column_usage "
        "WHERE referenced_table_name IS NOT NULL AND ((table_schema = %s AND table_name = %s) "
        "OR (referenced_table_schema = %s AND referenced_table_name = %s))",
        [at.database, table.name, at.database, table.name],
    )
    loaded = {(at.database, other.name) for other in run}
    for key, schema, child, column, parent_schema, parent, parent_column in cursor.fetchall():
        if (schema, child) not in loaded:
            existing.complaints.append(
                f"{table.name}: is referenced by foreign key {key!r} of {schema}.{child}, which is not loaded by this run; "
                f"drop the foreign key, or add {child} to the run"
            )
        if (schema, child) != (at.database, table.name):
            continue
        if (parent_schema, parent) not in loaded:
            existing.complaints.append(
                f"{table.name}.{column}: references {parent_schema}.{parent}, which is not loaded by this run; "
                f"drop foreign key {key!r}, or add {parent} to the run"
            )
            continue
        existing.references.append(parent)
        generator = next((of.generator for of in table.columns if of.name == column), None)
        fits = isinstance(generator, Reference) and (generator.table, generator.column) == (parent, parent_column)
        if not fits:
            existing.complaints.append(
                f"{table.name}.{column}: has foreign key {key!r} to {parent}.{parent_column}, and the schema's values do not "
                "reference it; drop the key, or use the generator reference"
            )
