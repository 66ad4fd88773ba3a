"""PostgreSQL's prepare: inspect every table of the run, raise all complaints at once, then change the database."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import sql

from core.connection import Connection
from core.options import OnExisting
from core.schema.checks.postgresql import name_complaints
from core.schema.model import Table
from worker.sources.base import Check
from worker.sources.postgresql import catalogue
from worker.sources.postgresql.connection import unwritable
from worker.sources.postgresql.ddl import create_table, qualified
from worker.sources.postgresql.existing import PARTITIONED, Existing, inspect
from worker.sources.server_messages import exists_error, shape_error

_Session = psycopg.Connection[Any]

_PREPARE_LOCK = 0x10AD7E57
"""An arbitrary constant: a second `prepare` of the same database waits for this lock."""
_LOCK_SECONDS = 30
_FOREIGN_KEYS_OFF = "SET session_replication_role TO replica"
_FOREIGN_KEYS_ON = "SET session_replication_role TO origin"


def prepare(
    session: _Session, at: Connection, schema: str, tables: Sequence[Table], on_existing: OnExisting, check: Check
) -> Sequence[str]:
    """Create the missing tables, empty the others if `on_existing` requires it, and return warnings.

    It is one transaction, under a lock that a second `prepare` waits for.
    """
    if not tables:
        return ()
    read_only = unwritable(session)
    with session.transaction(), session.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_PREPARE_LOCK])
        # Without a timeout, `prepare` would wait forever for a session that reads or writes a table.
        cursor.execute(sql.SQL("SET LOCAL lock_timeout TO {}").format(sql.Literal(f"{_LOCK_SECONDS}s")))
        relations = catalogue.relations(cursor, schema, [table.name for table in tables])
        run = {oid: name for name, relation in relations.items() for oid in relation.tree}
        found = {
            table.name: inspect(cursor, schema, table, relations[table.name], run)
            for table in tables
            if table.name in relations
        }
        missing = [table for table in tables if table.name not in relations]
        shaped = [name for name, existing in found.items() if existing.complaints]
        complaints = [*read_only, *(each for existing in found.values() for each in existing.complaints)]
        complaints += _not_creatable(cursor, schema, missing)
        if on_existing is not OnExisting.FAIL:
            complaints += _missing_rights(session, cursor, schema, found, on_existing)
        if complaints:
            raise shape_error("table", shaped, at, complaints)
        if found and on_existing is OnExisting.FAIL:
            raise exists_error("table", next(iter(found)), at)
        check([table for table in tables if table.name in found])
        # An index gets the table's name and avoids names that are taken, so create `a_pkey` before `a`.
        for table in sorted(missing, key=lambda table: -len(table.name)):
            cursor.execute(create_table(table, qualified(schema, table)))
        if found and on_existing is OnExisting.EMPTY:
            cursor.execute(_truncate(schema, [table for table in tables if table.name in found], found))
    return _warnings(found)


@contextmanager
def foreign_keys_off(session: _Session, name: sql.Identifier) -> Iterator[None]:
    """Switch off the foreign keys of a table, so that the run's workers can load and remove rows in any order."""
    query = (
        "SELECT EXISTS (SELECT FROM pg_constraint k, (SELECT %s::regclass::oid AS o) AS t WHERE k.contype = 'f' AND "
        "(t.o IN (k.conrelid, k.confrelid) OR k.conrelid IN (SELECT relid FROM pg_partition_tree(t.o))))"
    )
    ((linked,),) = session.execute(query, [name.as_string(session)]).fetchall()
    if not linked:
        yield
        return
    session.execute(_FOREIGN_KEYS_OFF)
    try:
        yield
    finally:
        # If the connection is lost, keep the error that ended it.
        with suppress(psycopg.Error):
            session.execute(_FOREIGN_KEYS_ON)


def _truncate(schema: str, tables: Sequence[Table], found: dict[str, Existing]) -> sql.Composed:
    """Return one statement for all tables: tables that reference each other have to be emptied together."""
    names = [
        sql.SQL("{}" if found[table.name].relation.kind == PARTITIONED else "ONLY {}").format(qualified(schema, table))
        for table in tables
    ]
    return sql.SQL("TRUNCATE {} RESTRICT").format(sql.SQL(", ").join(names))


def _not_creatable(cursor: "psycopg.Cursor[Any]", schema: str, missing: Sequence[Table]) -> list[str]:
    if not missing:
        return []
    if too_long := [
        complaint
        for table in missing
        for name in (table.name, *(column.name for column in table.columns))
        for complaint in name_complaints(f"table {table.name!r}: {name!r}", name)
    ]:
        return too_long
    complaints = [
        f"{schema}.{name}: is a type, wanted a table, which has a type of its name; drop it, or load into another schema"
        for name in catalogue.types(cursor, schema, [table.name for table in missing])
    ]
    if not catalogue.may_create(cursor, schema):
        names = ", ".join(table.name for table in missing)
        complaints.append(f"{schema}: the user may not create {names} there; grant the user CREATE on the schema")
    return complaints


def _missing_rights(
    session: _Session, cursor: "psycopg.Cursor[Any]", schema: str, found: dict[str, Existing], on_existing: OnExisting
) -> list[str]:
    wanted = ["SELECT", "INSERT", "DELETE", *(["TRUNCATE"] if on_existing is OnExisting.EMPTY else [])]
    complaints = []
    for name, existing in found.items():
        if missing := catalogue.missing_rights(cursor, existing.relation, wanted):
            complaints.append(
                f"{schema}.{name}: the user has no {', '.join(missing)} right; grant the user {', '.join(wanted)} on it"
            )
    linked = [name for name, existing in found.items() if existing.linked and not existing.complaints]
    if linked and not _may_turn_foreign_keys_off(session):
        complaints.append(
            f"{', '.join(f'{schema}.{name}' for name in linked)}: the foreign keys cannot be turned off for the load, which "
            "has no order; grant the user SET ON PARAMETER session_replication_role, or drop the foreign keys"
        )
    return complaints


def _may_turn_foreign_keys_off(session: _Session) -> bool:
    try:
        with session.transaction(force_rollback=True):
            session.execute(_FOREIGN_KEYS_OFF)
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def _warnings(found: dict[str, Existing]) -> list[str]:
    linked = [name for name, existing in found.items() if existing.linked]
    warnings = [warning for existing in found.values() for warning in existing.warnings]
    if linked:
        warnings.append(
            f"tables {', '.join(linked)} have foreign keys, which are not checked while workers load "
            "(session_replication_role=replica): the rows are consistent once every table is loaded"
        )
    return warnings
