"""What Neo4j's and its driver's errors mean to a user."""

import ssl
from collections.abc import Iterator, Mapping

from neo4j.exceptions import Neo4jError, ServiceUnavailable, SessionExpired

from core.connection import Connection
from core.errors import ServerError
from worker.sources.messages import GONE, MORE_DISK, tells_of_full_disk

_SHORT = "set the server's db.transaction.timeout to 0"
_A_TRANSACTION_HAS = "db.memory.transaction.max threshold"
"""What the server says of the limit that each transaction has, which waiting does not change."""
_INDEXED = "Property value is too large to index"
_RELATED = "still has relationships"
_REMEDIES: Mapping[str, str] = {
    "Neo.ClientError.Security.Unauthorized": "check user and password in the connection string",
    "Neo.ClientError.Security.AuthenticationRateLimit": "check user and password, and wait: too many were wrong",
    "Neo.ClientError.Security.Forbidden": "grant the user the role publisher, and the right to make constraints",
    "Neo.ClientError.Database.DatabaseNotFound": "create the database, or name another in the connection string",
    "Neo.ClientError.Schema.ConstraintValidationFailed": "load where no such keys are, or make the table's key unique",
    "Neo.TransientError.General.MemoryPoolOutOfMemoryError": "lower batchSize, or raise databaseMemoryLimit",
    "Neo.TransientError.General.OutOfMemoryError": "lower batchSize, or raise databaseMemoryLimit",
    "Neo.ClientError.Transaction.TransactionTimedOut": _SHORT,
    "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration": _SHORT,
    "Neo.DatabaseError.Transaction.TransactionLogError": MORE_DISK,
    "Neo.DatabaseError.General.StorageDamageDetected": "give the server more disk, and a new database",
}

_TOLD: Mapping[str, str] = {
    _A_TRANSACTION_HAS: "lower batchSize, or raise db.memory.transaction.max",
    _INDEXED: "make the values shorter: an index takes 8,160 bytes of a value",
    _RELATED: "remove the relationships, which Loadtest did not create",
}
"""By a part of what the server says, where its code is one of many."""
_LOST = "defunct connection"
"""What the driver says of a connection that there was."""
_PANICKED = "encountered a critical error"
"""What the server says to everyone once it could not write for someone, under the code of an unknown error."""


def server_error(error: Exception, at: Connection) -> ServerError:
    """One line: where, what the server or the driver said, what to do."""
    if isinstance(error, Neo4jError):
        code = error.code or ""
        said = error.message or code
        known = _REMEDIES.get(code, GONE if _PANICKED in said else "see the server's log")
        told = next((remedy for part, remedy in _TOLD.items() if part in said), known)
        remedy = MORE_DISK if tells_of_full_disk(said) else told
        transient = code.startswith("Neo.TransientError.") or code.endswith("DatabaseUnavailable")
        transient = transient and _A_TRANSACTION_HAS not in said
    else:
        said = str(error) or type(error).__name__
        lost = isinstance(error, SessionExpired) or _LOST in said
        remedy = GONE if lost else "check that the server is up and reachable"
        transient = isinstance(error, ServiceUnavailable | SessionExpired | OSError)
        tls = next((cause for cause in _causes(error) if isinstance(cause, ssl.SSLError)), None)
        if tls is not None and not isinstance(tls, ssl.SSLEOFError):
            said, transient = f"TLS: {tls}", False
            remedy = "check the scheme (+s verifies the server's certificate, +ssc does not) and whether the server speaks TLS"
    return ServerError(f"{at}: {at.redacted(said)}; {remedy}", transient=transient)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
