"""Translate errors of PostgreSQL and psycopg into one line with a remedy.

Source of the codes: postgresql.org, "PostgreSQL Error Codes". A code of two characters stands for its whole class.
"""

import re

import psycopg

from core.connection import Connection
from core.errors import ServerError
from core.settings_key import setting_key
from worker.sources.known_errors import UNKNOWN, Known, KnownErrors, each
from worker.sources.server_messages import LOST, MORE_DISK

_CHANGED = "drop the table, or restore its columns, and change it no more during a run"
_CORRECT_TYPE = "correct the column's type in the schema"
_ITSELF = "connect to PostgreSQL itself, in a supported version"
_MEMORY = "give the server more memory with databaseMemoryLimit"
_NO_TIMEOUT = "set the server's timeout that ended it to 0"
_OTHER_ROWS = (
    f"remove the other rows ({setting_key('onExisting')}: empty), or drop the unique index that the message names"
)
_RETRY = f"stop other programs from writing to the table, or set {setting_key('retries')}"
_ROW_SECURITY = "disable the table's row level security, or grant the user BYPASSRLS"
_TRIGGER = "disable the table's trigger, or change what it refuses"
_UTF8 = "use a database that was created with ENCODING 'UTF8'"
_VALUES = "use a column type in the schema that holds the generator's values"

KNOWN = KnownErrors(
    Known("08P01", "a server or pooler that speaks another protocol",
          "connect to PostgreSQL itself, or set the pooler to session mode"),
    Known("08", "a lost connection", LOST),
    Known("0A000", "row level security", _ROW_SECURITY, "row.level security"),
    Known("0A000", "a table that changed during the run", _CHANGED, "cached plan"),
    Known("0A000", "a feature that the server lacks", _ITSELF),
    Known("22001", "a value longer than its column", _VALUES),
    Known("22003", "a number outside the range of its column", _VALUES),
    Known("22007", "a date or time of an invalid form", _CHANGED),
    Known("22008", "a date or time outside the range of its type", _VALUES),
    Known("22021", "a character that the database's encoding lacks", _UTF8),
    Known("22023", "a type with an invalid length, precision or scale", _CORRECT_TYPE, "precision|scale|length"),
    Known("22023", "an invalid setting or parameter", "correct the options in the connection string"),
    Known("22P02", "a text that is not a value of its type", "use values of the column's type in the generator"),
    *each(("22P03", "22P04"), "columns that changed during the run", _CHANGED),
    Known("22P05", "U+0000 in jsonb",
          "remove the character U+0000 from the schema's jsonb values, or use the type json", "Unicode escape"),
    Known("22P05", "a character that the database's encoding lacks", _UTF8),
    Known("23502", "a NOT NULL column without a value",
          "drop the column's NOT NULL, give it a default, or declare the schema's column not nullable"),
    Known("23503", "a foreign key whose row is missing",
          "drop the foreign key, or load the table that it references in the same run"),
    Known("23505", "a key or unique value that another row has", _OTHER_ROWS),
    Known("23514", "a row that no partition takes", "add a DEFAULT partition to the table", "partition"),
    *each(("23514", "23P01"), "a row that a constraint forbids", "drop the constraint that the message names"),
    Known("25006", "a session that may only read", "connect to a server, database and role that may write"),
    Known("25P02", "an error earlier in the transaction", "see the server's log for the statement before this one"),
    *each(("25P03", "25P04", "57P05"), "a timeout of the server that ended the session or transaction", _NO_TIMEOUT),
    Known("28000", "a refused login", "check user and password in the connection string, and the server's pg_hba.conf"),
    Known("28P01", "a wrong password", "check user and password in the connection string"),
    Known("3D000", "a database that does not exist", "create the database, or name another in the connection string"),
    Known("3F000", "a schema that does not exist",
          "create the schema, or correct search_path for the role or in the connection string"),
    *each(("40001", "40P01"), "another program that writes to the table", _RETRY),
    Known("42501", "foreign keys that the user may not turn off",
          "grant the user SET ON PARAMETER session_replication_role, or drop the foreign keys", "session_replication_role"),
    Known("42501", "a setting that the user may not change",
          "grant the user SET ON PARAMETER with the setting's name", "denied to set parameter"),
    Known("42501", "a schema that the user may not use",
          "grant the user USAGE and CREATE on the schema", "denied for schema"),
    Known("42501", "a database that the user may not use",
          "grant the user CONNECT and TEMPORARY on the database", "denied (for|to create temporary tables in) database"),
    Known("42501", "a table that another role owns", "make the user the table's owner, or drop the table", "must be owner"),
    Known("42501", "row level security", _ROW_SECURITY, "row.level security"),
    Known("42501", "a sequence or function that the user may not use",
          "grant the user USAGE on the sequence, or EXECUTE on the function", "denied for (sequence|function)"),
    Known("42501", "a type or language that the user may not use",
          "grant the user USAGE on it", "denied for (type|language)"),
    Known("42501", "a missing right on a table",
          "grant the user SELECT, INSERT, DELETE and TRUNCATE on the table that the message names"),
    *each(("42601", "42883"), "a statement that the server does not understand", _ITSELF),
    Known("42622", "a name longer than 63 bytes", "shorten the name in the schema"),
    Known("42701", "two columns with one name", "rename one of the columns in the schema"),
    *each(("42703", "42804"), "a table that changed during the run", _CHANGED),
    Known("42704", "a type, collation or role that does not exist",
          "create what the message names, or connect to PostgreSQL itself"),
    *each(("42710", "42P07"), "a name that another object has",
          "drop the object that the message names, or rename the table in the schema"),
    Known("42809", "a relation that is not a table", "drop what has the table's name, or load into another schema"),
    Known("42939", "a reserved name", "rename the table or column in the schema"),
    Known("42P01", "a table that does not exist", "run `worker prepare` first, and do not drop the table during a run"),
    Known("42P16", "an invalid definition of a table", "correct the table in the schema"),
    Known("428C9", "a generated or identity column",
          "make it a plain column: ALTER COLUMN ... DROP EXPRESSION or DROP IDENTITY"),
    Known("44000", "a row outside a view", "load into the view's table"),
    *each(("53000", "53200"), "too little memory", _MEMORY),
    Known("53200", "too many locks", "raise the server's max_locks_per_transaction", "max_locks_per_transaction"),
    Known("53100", "a full disk", MORE_DISK),
    Known("53300", "too many sessions of the role or database",
          "lower workers, or raise the CONNECTION LIMIT of the role or database", "for (role|database)", transient=True),
    Known("53300", "too many sessions", "lower workers, or raise the server's max_connections", transient=True),
    Known("53400", "temporary files beyond the server's limit", "raise the server's temp_file_limit"),
    Known("54000", "a row, key or value that is too large",
          "make values shorter or columns fewer: a row has to fit into a page of 8 KiB, a key into a third of it",
          "size|big|exceed|large"),
    Known("54001", "a statement that is too complex", "raise the server's max_stack_depth, or nest values less deeply"),
    Known("54011", "too many columns", "use at most 1,600 columns"),
    Known("54023", "too many parameters in one statement", f"set {setting_key('method')} to bulk"),
    Known("55000", "replication that needs a key",
          "give the table a REPLICA IDENTITY, or remove it from the publication", "replica identity"),
    Known("55006", "an object that other sessions use", "end the other sessions (pg_stat_activity), and run again"),
    Known("55P02", "a setting that no session can change", "set it on the server"),
    Known("55P03", "a table that another session has locked",
          "end the session that has locked the table (pg_stat_activity), and run again"),
    Known("57014", "a timeout of the server", _NO_TIMEOUT, "timeout"),
    Known("57014", "a statement that someone cancelled",
          "do not cancel the run's statements (pg_cancel_backend), and run again"),
    *each(("57P01", "57P02"), "a server that was stopped or crashed", LOST),
    Known("57P03", "a server that starts or stops", "wait until the server accepts connections", transient=True),
    Known("57P04", "a database that was dropped", "create the database, and run again"),
    *each(("58000", "58030"), "a full disk", MORE_DISK, "No space left"),
    Known("58030", "a failed disk", "check the server's disk"),
    *each(("58P01", "XX001"), "damaged files of the server",
          "restore the server from a backup, or use a new one: its files are damaged"),
    *each(("P0001", "P0002", "P0003", "P0004"), "a trigger that refused the row", _TRIGGER),
    Known("XX002", "a damaged index", "run REINDEX on the table"),
)  # fmt: skip
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
    otherwise = LOST if lost else UNKNOWN if state else "check that the server is up and reachable"
    known = KNOWN.find(state, message) or KNOWN.find(state[:2], message) if state else None
    remedy = known.remedy if known else permanent or otherwise
    return ServerError(f"{at}: {message}; {remedy}", transient=waits or (known is not None and known.transient))
