"""Translate errors of Neo4j and its driver into one line with a remedy."""

import ssl
from collections.abc import Iterator, Mapping

from neo4j.exceptions import Neo4jError, ServiceUnavailable, SessionExpired

from core.connection import Connection
from core.errors import ServerError
from worker.sources.server_messages import LOST, MORE_DISK, is_disk_full

_NO_TIMEOUT = "set the server's db.transaction.timeout to 0"
_TRANSACTION_LIMIT = "db.memory.transaction.max threshold"
"""Part of the message about the limit of each transaction, which waiting does not change."""
_INDEXED = "Property value is too large to index"
_RELATED = "still has relationships"
_REMEDIES: Mapping[str, str] = {
    "Neo.ClientError.Security.Unauthorized": "check user and password in the connection string",
    "Neo.ClientError.Security.AuthenticationRateLimit": "check user and password, and wait: too many attempts failed",
    "Neo.ClientError.Security.Forbidden": "grant the user the role publisher, and the right to create constraints",
    "Neo.ClientError.Database.DatabaseNotFound": "create the database, or name another in the connection string",
    "Neo.ClientError.Schema.ConstraintValidationFailed": "use a database without these keys, or make the table's key unique",
    "Neo.TransientError.General.MemoryPoolOutOfMemoryError": "lower batchSize, or raise databaseMemoryLimit",
    "Neo.TransientError.General.OutOfMemoryError": "lower batchSize, or raise databaseMemoryLimit",
    "Neo.ClientError.Transaction.TransactionTimedOut": _NO_TIMEOUT,
    "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration": _NO_TIMEOUT,
    "Neo.DatabaseError.Transaction.TransactionLogError": MORE_DISK,
    "Neo.DatabaseError.General.StorageDamageDetected": "give the server more disk, and a new database",
}

_REMEDIES_BY_MESSAGE: Mapping[str, str] = {
    _TRANSACTION_LIMIT: "lower batchSize, or raise db.memory.transaction.max",
    _INDEXED: "make the values shorter: an index takes 8,160 bytes of a value",
    _RELATED: "remove the relationships, which Loadtest did not create",
}
"""Remedies by a part of the message, for codes with several causes."""
_DEFUNCT = "defunct connection"
"""Part of the driver's message about a connection that was lost."""
_PANICKED = "encountered a critical error"
"""Part of the server's message to every client after a failed write, with the code of an unknown error."""


def server_error(error: Exception, at: Connection) -> ServerError:
    """Return an error of one line: the place, the message of the server or driver, and a remedy."""
    if isinstance(error, Neo4jError):
        code = error.code or ""
        message = error.message or code
        known = _REMEDIES.get(code, LOST if _PANICKED in message else "see the server's log")
        remedy_of = next((remedy for part, remedy in _REMEDIES_BY_MESSAGE.items() if part in message), known)
        remedy = MORE_DISK if is_disk_full(message) else remedy_of
        transient = code.startswith("Neo.TransientError.") or code.endswith("DatabaseUnavailable")
        transient = transient and _TRANSACTION_LIMIT not in message
    else:
        message = str(error) or type(error).__name__
        lost = isinstance(error, SessionExpired) or _DEFUNCT in message
        remedy = LOST if lost else "check that the server is up and reachable"
        transient = isinstance(error, ServiceUnavailable | SessionExpired | OSError)
        tls = next((cause for cause in _causes(error) if isinstance(cause, ssl.SSLError)), None)
        if tls is not None and not isinstance(tls, ssl.SSLEOFError):
            message, transient = f"TLS: {tls}", False
            remedy = "check the scheme (+s verifies the server's certificate, +ssc does not) and whether the server speaks TLS"
    return ServerError(f"{at}: {at.redacted(message)}; {remedy}", transient=transient)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
