"""Connect to PostgreSQL: libpq reads the user's connection string, and the session fixes every setting that matters.

No setting of a role, database or server may change what is stored, read or named. Source: postgresql.org, "Server
Configuration". Not fixed: settings of types that no column has (XML, money, text search), of the planner, and of durability,
logs and tablespaces, which are the user's choice and change no value.
"""

import difflib
import re
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import pq, sql
from psycopg.conninfo import conninfo_to_dict, timeout_from_conninfo

from core.connection import Connection
from core.errors import InputError, ServerError
from worker.sources.keep_alive import LIBPQ_KEEPALIVE

_DEFAULTS: dict[str, int] = {**LIBPQ_KEEPALIVE, "connect_timeout": 10}
"""Arguments that the connection string may replace."""
_NAMED = re.compile(r"\"([^\"]*)\"")
_Session = psycopg.Connection[Any]

FIXED: Mapping[str, str] = {
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "array_nulls": "on",
    "backslash_quote": "safe_encoding",
    "bytea_output": "hex",
    "client_encoding": "UTF8",
    "client_min_messages": "warning",
    "default_transaction_deferrable": "off",
    "default_transaction_isolation": "read committed",
    "exit_on_error": "off",
    "extra_float_digits": "3",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "lock_timeout": "0",
    "quote_all_identifiers": "off",
    "row_security": "off",
    "session_replication_role": "origin",
    "standard_conforming_strings": "on",
    "statement_timeout": "0",
    "transaction_timeout": "0",
    "transform_null_equals": "off",
}
"""With `row_security` off, the server raises an error if a policy would hide a row. An older server lacks some settings."""
_FIRST = ("transaction_timeout", "statement_timeout", "client_encoding")
_HAS_TRANSACTION_TIMEOUT = 170_000
_DIFFERING = (
    "SELECT s.name, s.setting, w.wanted FROM unnest(%s::text[], %s::text[]) AS w (name, wanted) "
    "JOIN pg_catalog.pg_settings AS s ON s.name = w.name WHERE s.setting <> w.wanted ORDER BY s.name"
)
_READ_ONLY = (
    "SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only'), "
    "pg_catalog.current_setting('server_encoding')"
)
_OWN_SCHEMAS = ("pg_catalog", "information_schema")
_UTF8 = "UTF8"


def arguments(at: Connection) -> dict[str, Any]:
    """Return the driver's arguments that the string does not set; raise InputError for a string that libpq cannot read."""
    try:
        given = conninfo_to_dict(at.text)
        timeout_from_conninfo(given)
    except psycopg.Error as error:
        raise _input_error(at, error) from None
    return {name: value for name, value in _DEFAULTS.items() if name not in given}


def _input_error(at: Connection, error: psycopg.Error) -> InputError:
    """Return libpq's error message without the parts that it quotes, which may contain a part of a password."""
    message = str(error).strip()
    named = _NAMED.search(message)
    known = [option.keyword.decode() for option in pq.Conninfo.get_defaults()]
    nearest = difflib.get_close_matches(named[1], known, n=1) if named else []
    remedy = f"did you mean {nearest[0]}?" if nearest else "write it as in libpq's documentation"
    return at.refused(_NAMED.sub("", message).strip(" \n:;,"), remedy)


def fix_session(session: _Session, at: Connection) -> str:
    """Fix every setting that matters and return the schema of the run's tables; raise ServerError with a setting's name."""
    # These first: they could end the following statements, or change how they are sent.
    for name in _FIRST[session.info.server_version < _HAS_TRANSACTION_TIMEOUT :]:
        session.execute(sql.SQL("SET {} TO {}").format(sql.Identifier(name), sql.Literal(FIXED[name])))
    path, schemas = session.execute(
        "SELECT pg_catalog.current_setting('search_path'), pg_catalog.current_schemas(false)::pg_catalog.text[]"
    ).fetchall()[0]
    # The server's own names come first. The user's follow for the functions of triggers; Loadtest's statements need none.
    fixed = ", ".join(("pg_catalog", path, "pg_temp") if path else ("pg_catalog", "pg_temp"))
    session.execute("SELECT pg_catalog.set_config('search_path', %s, false)", [fixed])
    for name, found, wanted in _differing(session):
        try:
            session.execute("SELECT pg_catalog.set_config(%s, %s, false)", [name, wanted])
        except psycopg.Error as error:
            raise _unfixable(at, name, found, wanted, error.diag.message_primary or str(error)) from error
    for name, found, wanted in _differing(session):
        raise _unfixable(at, name, found, wanted, "the server keeps its own value")
    own = next((name for name in schemas if not (name in _OWN_SCHEMAS or name.startswith("pg_"))), None)
    if own is None:
        raise ServerError(
            f"{at}: search_path: {path!r} names no schema that exists and that the user may use; create the schema, or "
            "set search_path for the role or in the connection string (options=-csearch_path%3DSCHEMA)"
        )
    return str(own)


def unwritable(session: _Session) -> list[str]:
    """Return why the session cannot write every value, with the settings' names; these are never overridden."""
    ((in_recovery, read_only, encoding),) = session.execute(_READ_ONLY).fetchall()
    complaints = []
    if in_recovery:
        complaints.append("the server is a read-only standby (pg_is_in_recovery); connect to its primary")
    elif read_only != "off":
        complaints.append(
            "default_transaction_read_only: 'on' makes the session read-only; set it to off for the role or the database"
        )
    if encoding != _UTF8:
        complaints.append(
            f"server_encoding: {encoding!r} cannot hold every character; use a database that was created with ENCODING 'UTF8'"
        )
    return complaints


def _differing(session: _Session) -> list[tuple[str, str, str]]:
    """Return name, value in force and value wanted of the settings that differ."""
    return session.execute(_DIFFERING, [list(FIXED), list(FIXED.values())]).fetchall()


def _unfixable(at: Connection, name: str, found: str, wanted: str, problem: str) -> ServerError:
    return ServerError(
        f"{at}: setting {name}: {found!r} cannot be set to {wanted!r} ({problem}); reset it for the role, the database or "
        "the server, or grant the user SET on the parameter"
    )
