"""What PostgreSQL's and psycopg's errors mean to a user."""

from collections.abc import Mapping

import psycopg

from spec.connection import Connection
from spec.errors import ServerError
from worker.sources.remedies import GONE, MORE_DISK

_REMEDIES: Mapping[str, str] = {
    "28P01": "check user and password in the connection string",
    "28000": "check user and password in the connection string, and the server's pg_hba.conf",
    "3D000": "create the database, or name another in the connection string",
    "42501": "grant the user CREATE on the schema and INSERT on the tables",
    "53100": MORE_DISK,
    "53200": "give the server more memory by databaseMemoryLimit",
    "53300": "lower workers, or raise the server's max_connections",
    **dict.fromkeys(("57P01", "57P02", "08006"), GONE),
}
_LOST = ("closed the connection", "connection is lost", "connection is closed", "Connection reset", "Broken pipe")
"""What libpq says of a connection that there was, without a state."""
_TRANSIENT = ("57P03", "53300")  # starting up or shutting down; too many connections


def server_error(error: psycopg.Error, at: Connection) -> ServerError:
    """One line: where, what the server or the driver said, what to do."""
    state = error.sqlstate or ""
    said = error.diag.message_primary or " ".join(str(error).split()) or type(error).__name__
    refused = "password authentication failed" in said or "role" in said
    missing = 'database "' in said and "does not exist" in said
    if not state and refused:
        state = "28P01"
    if not state and missing:
        state = "3D000"
    lost = not state and any(words in said for words in _LOST)
    otherwise = GONE if lost else "see the server's log" if state else "check that the server is up and reachable"
    remedy = _REMEDIES.get(state, otherwise)
    transient = state in _TRANSIENT or (not state and isinstance(error, psycopg.OperationalError))
    return ServerError(f"{at}: {said}; {remedy}", transient=transient)
