"""Translate errors of MongoDB and PyMongo into one line with a remedy."""

import re
from collections.abc import Mapping

from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConfigurationError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from core.connection import Connection
from core.errors import ServerError
from worker.sources.server_messages import LOST, MORE_DISK, is_disk_full

_REMEDIES: Mapping[int, str] = {
    11: "check user and password in the connection string, and its authSource",
    334: "write an authMechanism that the server has",
    13: "grant the user readWrite on the database (and clusterAdmin to initiate a replica set)",
    18: "check user and password in the connection string, and its authSource",
    11000: "set loadtest:onExisting to empty, or drop the unique index",
    121: "remove the collection's validator with collMod",
    10334: "make the rows smaller: a document has 16 MiB at most",
    14031: MORE_DISK,
    10107: "name the replica set's primary, or the set, in the connection string",
    13435: "name the replica set's primary, or the set, in the connection string",
}
_TRANSIENT = (91, 11600, 11602, 189)  # shutting down, interrupted by it, stepping down
_TLS = re.compile("CERTIFICATE_VERIFY_FAILED|certificate verify failed|SSL handshake failed|WRONG_VERSION_NUMBER")
_BEFORE_TLS = re.compile("Connection refused|Connection reset|timed out")


def server_error(error: PyMongoError, at: Connection) -> ServerError:
    """Return an error of one line: the place, the message of the server or driver, and a remedy."""
    code, message = 0, str(error)
    if isinstance(error, BulkWriteError) and isinstance(error.details, dict) and error.details["writeErrors"]:
        first = error.details["writeErrors"][0]
        code, message = int(first.get("code", 0)), str(first.get("errmsg", message))
    elif isinstance(error, OperationFailure):
        code, message = error.code or 0, str((error.details or {}).get("errmsg", message))
    remedy = _REMEDIES.get(code) or _remedy(error, message)
    # The rest is a paragraph with the driver's settings and its view of the servers.
    message = at.redacted(message.split(" (configured timeouts")[0].split(", full error:")[0])
    transient = (isinstance(error, AutoReconnect) and not is_permanent(message)) or code in _TRANSIENT
    return ServerError(f"{at}: {message}; {remedy}", transient=transient)


def is_permanent(message: str) -> bool:
    """Return whether the connection failed for a reason that waiting does not change."""
    return _TLS.search(message) is not None and _BEFORE_TLS.search(message) is None


def _remedy(error: PyMongoError, message: str) -> str:
    """Return the remedy for an error whose code has none."""
    if is_permanent(message):
        return "check tls, tlsCAFile and tlsCertificateKeyFile, and whether the server speaks TLS"
    if isinstance(error, ConfigurationError):
        return "correct the host or the options in the connection string"
    if isinstance(error, ServerSelectionTimeoutError):
        return "check that the server is up and reachable"
    if isinstance(error, AutoReconnect):
        return LOST
    return MORE_DISK if is_disk_full(message) else "see the server's log"
