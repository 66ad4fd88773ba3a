"""Translate errors of PostgreSQL and psycopg into one line with a remedy."""

import re
from collections.abc import Mapping

import psycopg

from core.connection import Connection
from core.errors import ServerError
from worker.sources.server_messages import LOST, MORE_DISK

_REMEDIES: Mapping[str, str] = {
    "28P01": "check user and password in the connection string",
    "28000": "check user and password in the connection string, and the server's pg_hba.conf",
    "3D000": "create the database, or name another in the connection string",
    "42501": "grant the user CREATE on the schema, and SELECT, INSERT, DELETE and TRUNCATE on the tables",
    "22P05": "remove the character U+0000 from the schema's jsonb values, or use the type json",
    "25006": "connect to a server, database and role that may write",
    "53100": MORE_DISK,
    "53200": "give the server more memory with databaseMemoryLimit",
    "53300": "lower workers, or raise the server's max_connections",
    "55P03": "end the session that has locked the table (pg_stat_activity), and run again",
    **dict.fromkeys(("57P01", "57P02", "08006"), LOST),
}
_CONNECTION_LOST = (
    "closed the connection",
    "connection is lost",
    "connection is closed",
    "Connection reset",
    "Broken pipe",
)
"""libpq's messages about a connection that was lost; these errors have no SQLSTATE."""
_STATES = (
    (re.compile("password authentication failed|no password supplied"), "28P01"),
    (
        re.compile('no pg_hba.conf entry|role ".*" (does not exist|is not permitted)|authentication failed for user'),
        "28000",
    ),
    (re.compile('database ".*" does not exist'), "3D000"),
    (re.compile("permission denied for database"), "42501"),
    (re.compile("the database system is"), "57P03"),
    (re.compile("too many (clients|connections)|remaining connection slots"), "53300"),
)
"""SQLSTATE by the server's message: psycopg has none for a refused connection."""
_PERMANENT = (
    (re.compile("server does not support SSL"), "turn TLS on in the server, or write sslmode=disable or prefer"),
    (re.compile("certificate|private key|SSL error|does not match host name|TLS"),
     "check sslmode, and the files that sslrootcert, sslcert and sslkey name"),
    (re.compile("authentication method|SASL|SCRAM|channel binding|require_auth|GSSAPI|GSS|oauth", re.IGNORECASE),
     "use a method of authentication that both libpq and the server's pg_hba.conf have"),
    (re.compile("invalid|definition of service|service file|must be|could not match|unsupported"),
     "correct the connection string"),
)  # fmt: skip
"""Errors without a state that waiting does not change, with the remedy."""
_UNREACHABLE = re.compile(
    "Connection refused|timeout expired|Is the server running|starting up|could not translate host name"
)
_TRANSIENT = ("57P03", "53300")  # starting up or shutting down; too many connections


def server_error(error: psycopg.Error, at: Connection) -> ServerError:
    """Return an error of one line: the place, the message of the server or driver, and a remedy."""
    state = error.sqlstate or ""
    message = at.redacted(error.diag.message_primary or str(error)) or type(error).__name__
    connecting = not state and isinstance(error, psycopg.OperationalError)
    if connecting:
        state = next((known for words, known in _STATES if words.search(message)), "")
    lost = not state and any(words in message for words in _CONNECTION_LOST)
    permanent = next((remedy for words, remedy in _PERMANENT if words.search(message)), None) if connecting else None
    # With several hosts, one of them may still start.
    waits = connecting and (not (state or permanent) or _UNREACHABLE.search(message) is not None)
    otherwise = LOST if lost else "see the server's log" if state else "check that the server is up and reachable"
    remedy = _REMEDIES.get(state) or permanent or otherwise
    return ServerError(f"{at}: {message}; {remedy}", transient=state in _TRANSIENT or waits)
