"""The session variables that a connection fixes, so that no setting of the server's changes what is stored or read."""

from collections.abc import Mapping

import pymysql
from pymysql.cursors import Cursor

from core.connection import Connection
from core.errors import ServerError

_MODES = "STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
"""The whole of sql_mode: an automatic key of 0 stays 0, backslashes escape, double quotes hold strings."""

_BOTH: Mapping[str, str | int] = {
    "sql_mode": _MODES,
    "time_zone": "+00:00",
    "autocommit": 0,
    "unique_checks": 1,
    "foreign_key_checks": 0,
    "sql_safe_updates": 0,
    "sql_auto_is_null": 0,
    "sql_big_selects": 1,
    "sql_select_limit": 2**64 - 1,
    "sql_notes": 1,
    "completion_type": "NO_CHAIN",
    "innodb_lock_wait_timeout": 50,
    "lock_wait_timeout": 86_400,
    "net_read_timeout": 60,
    "net_write_timeout": 600,
    "wait_timeout": 28_800,
    "character_set_client": "utf8mb4",
    "character_set_connection": "utf8mb4",
    "character_set_results": "utf8mb4",
    "collation_connection": "utf8mb4_bin",
}
"""`foreign_key_checks`: workers load a table and the one that it references at the same time (docs/sources.md)."""
_MYSQL: Mapping[str, str | int] = {"max_execution_time": 0}
_MARIADB: Mapping[str, str | int] = {
    "max_statement_time": 0,
    "max_error_count": 64,
    "check_constraint_checks": 1,
    "idle_transaction_timeout": 0,
    "idle_readonly_transaction_timeout": 0,
    "idle_write_transaction_timeout": 0,
    "sql_if_exists": 0,
}
_NOT_SETTABLE: Mapping[str, str] = {"system_versioning_asof": "DEFAULT"}
"""MariaDB's: its DEFAULT can only be the server's."""
_TRANSACTIONS = ("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", "SET SESSION TRANSACTION READ WRITE")
"""READ COMMITTED locks no gaps between keys: workers that delete their rows would wait for each other in a circle."""


def is_mariadb(server_version: str) -> bool:
    """Return whether the version that the server sends on connecting is MariaDB's."""
    return "mariadb" in server_version.lower()


def fixed_variables(mariadb: bool) -> Mapping[str, str | int]:
    """Return the session variables that a connection sets, with their values."""
    return {**_BOTH, **(_MARIADB if mariadb else _MYSQL)}


def fix_session(cursor: Cursor, at: Connection, mariadb: bool) -> None:
    """Set every session variable that matters; raises ServerError with the name of one that cannot be set."""
    # An init_connect of the server's may have left a transaction open.
    cursor.execute("ROLLBACK")
    for statement in _TRANSACTIONS:
        cursor.execute(statement)
    variables = fixed_variables(mariadb)
    # Some need a right that the user may lack: what is right already is not set.
    for variable, value in _differing(cursor, variables).items():
        try:
            cursor.execute(f"SET SESSION {variable} = %s", [variables[variable]])
        except pymysql.MySQLError as error:
            raise _unfixable(at, variable, variables[variable], f"is {value!r}: {error.args[-1]}") from error
    for variable, value in _differing(cursor, {**variables, **(_NOT_SETTABLE if mariadb else {})}).items():
        raise _unfixable(at, variable, value, "the server allows no other value")


def _differing(cursor: Cursor, variables: Mapping[str, str | int]) -> Mapping[str, object]:
    """Return the values in force of the variables that have another value than the one given."""
    cursor.execute(f"SELECT {', '.join(f'@@SESSION.{variable}' for variable in variables)}")
    (found,) = cursor.fetchall()
    return {
        variable: in_force
        for (variable, value), in_force in zip(variables.items(), found, strict=True)
        if _comparable(in_force) != _comparable(value)
    }


def _comparable(value: object) -> object:
    if value is None or isinstance(value, str):
        return sorted((value or "").upper().split(","))
    return int(str(value).split(".", maxsplit=1)[0])


def _unfixable(at: Connection, variable: str, value: object, problem: str) -> ServerError:
    return ServerError(
        f"{at}: session variable {variable}: {value!r} cannot be fixed ({problem}); "
        "set it on the server, or grant the user SESSION_VARIABLES_ADMIN"
    )
