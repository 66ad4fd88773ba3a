"""Translate errors of MySQL and PyMySQL into one line with a remedy."""

import ssl
from collections.abc import Mapping

import pymysql
from pymysql.constants import CR, ER

from core.connection import Connection
from core.errors import ServerError
from worker.sources.server_messages import LOST, MORE_DISK, is_disk_full

_LOCAL_INFILE_OFF = 3948
_TLS_REQUIRED = 3159
_REMEDIES: Mapping[int, str] = {
    ER.ACCESS_DENIED_ERROR: "check user and password in the connection string",
    ER.DBACCESS_DENIED_ERROR: "check the database's name, and grant the user ALL on it",
    ER.TABLEACCESS_DENIED_ERROR: "grant the user CREATE, CREATE TEMPORARY TABLES, INSERT, SELECT, DELETE and DROP",
    ER.BAD_DB_ERROR: "create the database, or name another in the connection string",
    ER.NO_DB_ERROR: "name the database in the connection string",
    ER.RECORD_FILE_FULL: MORE_DISK,
    ER.DISK_FULL: MORE_DISK,
    ER.OUT_OF_RESOURCES: "give the server more memory with databaseMemoryLimit",
    ER.OUTOFMEMORY: "give the server more memory with databaseMemoryLimit",
    ER.CON_COUNT_ERROR: "lower workers, or raise the server's max_connections",
    ER.LOCK_WAIT_TIMEOUT: "end the session that holds the table or its rows (SHOW PROCESSLIST), or wait until it has ended",
    ER.LOCK_DEADLOCK: "stop other programs from writing to the table, or set loadtest:retries",
    _LOCAL_INFILE_OFF: "set the server's local_infile to 1",
    CR.CR_SERVER_LOST: LOST,
    CR.CR_SERVER_GONE_ERROR: LOST,
    CR.CR_CONN_HOST_ERROR: "check that the server is up and reachable",
    CR.CR_AUTH_PLUGIN_CANNOT_LOAD: "use the authentication plugin caching_sha2_password for the user",
    _TLS_REQUIRED: "write ssl-mode=REQUIRED or VERIFY_IDENTITY",
    CR.CR_SSL_CONNECTION_ERROR: "check ssl-mode, the authority in ssl-ca, and the name that the certificate is for",
}
_TRANSIENT = (
    CR.CR_CONN_HOST_ERROR, CR.CR_SERVER_LOST, CR.CR_SERVER_GONE_ERROR, ER.CON_COUNT_ERROR, ER.SERVER_SHUTDOWN,
)  # fmt: skip


def server_error(error: pymysql.MySQLError, at: Connection) -> ServerError:
    """Return an error of one line: the place, the message of the server or driver, and a remedy."""
    code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    if isinstance(getattr(error, "original_exception", None), ssl.SSLError):
        # The driver reports it as a server that cannot be reached.
        code = CR.CR_SSL_CONNECTION_ERROR
    message = at.redacted(error.args[-1] if error.args else type(error).__name__)
    remedy = _REMEDIES.get(code, MORE_DISK if is_disk_full(message) else "see the server's log")
    return ServerError(f"{at}: {message}; {remedy}", transient=code in _TRANSIENT)
