"""MySQL's prepare: inspect every table of the run, raise all complaints at once, then change the database."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

import pymysql
from pymysql.constants import ER
from pymysql.cursors import Cursor

from core.connection import Connection
from core.errors import ServerError
from core.options import OnExisting
from core.schema.model import Table
from core.settings_key import setting_key
from worker.sources.base import Check
from worker.sources.mysql.ddl import create_table, name, names, qualified
from worker.sources.mysql.existing import Existing, inspect
from worker.sources.server_messages import exists_error, shape_error

_READ_ONLY = (ER.OPTION_PREVENTS_STATEMENT, 1792, 1836)
_DENIED = (ER.TABLEACCESS_DENIED_ERROR, ER.COLUMNACCESS_DENIED_ERROR, ER.DBACCESS_DENIED_ERROR)


def prepare(
    cursor: Cursor, at: Connection, tables: Sequence[Table], on_existing: OnExisting, check: Check, *, mariadb: bool
) -> Sequence[str]:
    """Create the missing tables, empty the others if `on_existing` requires it, and return warnings."""
    cursor.execute("SET SESSION foreign_key_checks = 1")
    found = {table.name: inspect(cursor, at, table, tables, mariadb=mariadb) for table in tables}
    present = [table for table in tables if found[table.name].exists]
    complaints = [complaint for table in present for complaint in found[table.name].complaints]
    complaints += _name_collisions(cursor, tables)
    if not complaints:
        complaints = [complaint for table in present for complaint in _missing_rights(cursor, at, table)]
    if complaints:
        shaped = [table.name for table in present if found[table.name].complaints]
        raise shape_error("table", shaped, at, complaints)
    if present and on_existing is OnExisting.FAIL:
        raise exists_error("table", present[0].name, at)
    check(present)
    _create(cursor, at, [table for table in tables if not found[table.name].exists], mariadb=mariadb)
    if on_existing is OnExisting.EMPTY:
        _empty(cursor, at, [table.name for table in present], found)
    cursor.execute("SET SESSION foreign_key_checks = 0")
    return [warning for table in present for warning in found[table.name].warnings]


def _create(cursor: Cursor, at: Connection, tables: Sequence[Table], *, mariadb: bool) -> None:
    """Create the tables; if one of them fails, drop those before it that are still empty: no transaction covers them."""
    created: list[str] = []
    try:
        for table in tables:
            cursor.execute(create_table(table, at.database, mariadb=mariadb))
            created.append(qualified(at.database, table.name))
    except pymysql.MySQLError:
        with suppress(pymysql.MySQLError):
            for table_name in created:
                if not cursor.execute(f"SELECT 1 FROM {table_name} LIMIT 1"):  # noqa: S608 - the name is quoted
                    cursor.execute(f"DROP TABLE {table_name}")
        raise


def require_local_infile(cursor: Cursor, at: Connection) -> None:
    """Raise ServerError if the server does not allow LOAD DATA LOCAL."""
    cursor.execute("SELECT @@GLOBAL.local_infile")
    if cursor.fetchall() != ((1,),):
        raise ServerError(
            f"{at}: local_infile: 'OFF' forbids LOAD DATA LOCAL; set it to 1, or set {setting_key('method')} to insert"
        )


def _empty(cursor: Cursor, at: Connection, tables: Sequence[str], found: Mapping[str, Existing]) -> None:
    """Delete every row; tables that reference each other in one transaction, the referencing ones first.

    TRUNCATE is forbidden for a table that a FOREIGN KEY references, and it commits the statements before it.
    """
    linked = {table for table in tables if found[table].references}
    linked |= {other for table in tables for other in found[table].references if other in tables}
    for table in _children_first(sorted(linked), found):
        cursor.execute(f"DELETE FROM {qualified(at.database, table)}")  # noqa: S608 - the name is quoted
    cursor.execute("COMMIT")
    for table in tables:
        if table not in linked:
            try:
                cursor.execute(f"TRUNCATE {qualified(at.database, table)}")
            except pymysql.MySQLError as error:
                if error.args[0] not in _DENIED:
                    raise
                # TRUNCATE needs DROP, and `_missing_rights` has found DELETE.
                cursor.execute(f"DELETE FROM {qualified(at.database, table)}")  # noqa: S608 - the name is quoted
                cursor.execute("COMMIT")


def _children_first(tables: Sequence[str], found: Mapping[str, Existing]) -> Sequence[str]:
    """Return the tables ordered so that each precedes the ones that it references; a cycle has any order."""
    order: list[str] = []
    left = list(tables)
    while left:
        free = [t for t in left if not any(t in found[o].references for o in left if o != t)] or left[:1]
        order += free
        left = [table for table in left if table not in free]
    return order


def _missing_rights(cursor: Cursor, at: Connection, table: Table) -> Sequence[str]:
    """Return complaints about missing rights, found by statements that change no row."""
    into, columns = qualified(at.database, table.name), names([column.name for column in table.columns])
    probes = {
        "SELECT and INSERT": f"INSERT INTO {into} ({columns}) SELECT {columns} FROM {into} WHERE FALSE",  # noqa: S608
        "DELETE": f"DELETE FROM {into} WHERE FALSE AND {name(table.primary_key)} IS NULL",  # noqa: S608
    }
    complaints = []
    for right, probe in probes.items():
        try:
            cursor.execute(probe)
        except pymysql.MySQLError as error:
            if error.args[0] in _DENIED:
                complaints.append(f"{table.name}: the user has no {right} right; grant SELECT, INSERT and DELETE on it")
            elif error.args[0] in _READ_ONLY:
                return [f"{table.name}: the server is read-only ({error.args[-1]}); connect to a writable one"]
            else:
                raise
        finally:
            cursor.execute("ROLLBACK")
    return complaints


def _name_collisions(cursor: Cursor, tables: Sequence[Table]) -> Sequence[str]:
    cursor.execute("SELECT @@GLOBAL.lower_case_table_names")
    ((folded,),) = cursor.fetchall()
    seen: dict[str, str] = {}
    complaints = []
    for table in tables if folded else ():
        other = seen.setdefault(table.name.lower(), table.name)
        if other != table.name:
            complaints.append(
                f"{table.name}: the server's lower_case_table_names={folded} makes it the same table as {other!r}; "
                "rename one of them"
            )
    return complaints
