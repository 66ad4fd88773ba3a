"""Translate errors of Neo4j and its driver into one line with a remedy.

Source of the codes: neo4j.com, "Status Codes". The table has their last two parts, since the first ones differ between
versions.
"""

import ssl
from collections.abc import Iterator

from neo4j.exceptions import Neo4jError, ServiceUnavailable, SessionExpired

from core.connection import Connection
from core.errors import ServerError
from core.settings_key import setting_key
from worker.sources.known_errors import UNKNOWN, Known, KnownErrors, each
from worker.sources.server_messages import LOST, MORE_DISK, is_disk_full

_DROP = "drop the constraint or index that the message names"
_INDEX = "make the values shorter: an index takes 8,160 bytes of a value"
_MEMORY = "lower batchSize, or raise databaseMemoryLimit"
_NO_TIMEOUT = "set the server's db.transaction.timeout to 0"
_TRANSACTION = "lower batchSize, or raise db.memory.transaction.max"
_TRANSACTION_LIMIT = "db.memory.transaction.max threshold"
"""Part of the message about the limit of each transaction, which waiting does not change."""

KNOWN = KnownErrors(
    Known("Security.Unauthorized", "a wrong user or password", "check user and password in the connection string"),
    Known("Security.AuthenticationRateLimit", "too many failed logins",
          "check user and password, and wait: too many attempts failed"),
    Known("Security.CredentialsExpired", "a password that must be changed",
          "set a new password: ALTER CURRENT USER SET PASSWORD"),
    *each(("Security.AuthorizationExpired", "Security.TokenExpired"), "a login that has ended",
          "check that the login of the connection string stays valid during a run"),
    Known("Security.Forbidden", "a missing right on constraints",
          "grant the user CREATE and DROP CONSTRAINT and SHOW CONSTRAINT on the database", "constraint|CONSTRAINT"),
    Known("Security.Forbidden", "a missing right on indexes", "grant the user SHOW INDEX on the database", "index|INDEX"),
    Known("Security.Forbidden", "names of labels or properties that the user may not create",
          "grant the user NAME MANAGEMENT on the database", "new (node label|property|relationship)|[Tt]oken"),
    Known("Security.Forbidden", "a missing right", "grant the user the role publisher, and the right to create constraints"),
    Known("Database.DatabaseNotFound", "a database that does not exist",
          "create the database, or name another in the connection string"),
    Known("Database.ExistingDatabaseFound", "a database that exists already",
          "name another database in the connection string"),
    *each(("Cluster.NotALeader", "General.WriteOnReadOnlyAccessDatabase"), "a member that does not write",
          "write the scheme neo4j://, which finds the leader"),
    *each(("General.ForbiddenOnReadOnlyDatabase", "Statement.AccessMode"), "a database that may only be read",
          "make the database writable (ALTER DATABASE ... SET ACCESS READ WRITE)"),
    *each(("General.InvalidArguments", "Statement.ArgumentError"), "a value that the server does not accept",
          "use a column type in the schema that Neo4j has"),
    Known("General.TransactionOutOfMemoryError", "too little memory for the transaction", _MEMORY),
    Known("General.MemoryPoolOutOfMemoryError", "a transaction beyond its own limit",
          _TRANSACTION, "db.memory.transaction.max"),
    Known("General.MemoryPoolOutOfMemoryError", "transactions beyond the limit of the database",
          "lower batchSize or workers, or raise the setting that the message names",
          "db.memory.transaction.total|dbms.memory.transaction.total"),
    *each(("General.MemoryPoolOutOfMemoryError", "General.OutOfMemoryError", "General.TransactionMemoryLimit"),
          "too little memory for the transaction",
          _MEMORY),
    Known("General.StackOverFlowError", "a statement that is too deep", "raise server.jvm.additional=-Xss on the server"),
    *each(("Procedure.ProcedureNotFound", "Procedure.ProcedureCallFailed"),
          "a procedure that the server lacks or that failed",
          "connect to Neo4j 5 itself"),
    *each(("Request.Invalid", "Request.InvalidFormat", "Request.InvalidUsage"), "a server that speaks another protocol",
          "connect to Neo4j 5 itself"),
    Known("Schema.ConstraintValidationFailed", "a key that another node has, or a constraint of another program",
          "use a database without these keys and constraints, or make the table's key unique"),
    Known("Schema.ConstraintCreationFailed", "nodes that forbid the constraint",
          f"set {setting_key('onExisting')} to empty, or remove the nodes with equal keys"),
    *each(("Schema.ConstraintAlreadyExists", "Schema.ConstraintWithNameAlreadyExists",
           "Schema.EquivalentSchemaRuleAlreadyExists"),
          "a constraint of another form",
          _DROP),
    *each(("Schema.IndexAlreadyExists", "Schema.IndexWithNameAlreadyExists", "Schema.ForbiddenOnConstraintIndex"),
          "an index of another form",
          _DROP),
    *each(("Schema.TokenNameError", "Schema.TokenLengthError"), "a name that the server refuses",
          "rename the table or column in the schema"),
    Known("Schema.TokenLimitReached", "too many names of properties or labels", "use a new database"),
    *each(("Schema.IndexCreationFailed", "General.IndexCorruptionDetected"), "a damaged index",
          "drop the index, and run again"),
    *each(("Statement.SyntaxError", "Statement.SemanticError", "Statement.ParameterMissing"),
          "a server without this form of Cypher",
          "connect to Neo4j 5 itself"),
    *each(("Statement.UnsupportedOperationError", "Statement.UnsupportedAdministrationCommand"),
          "a feature that the server's edition lacks",
          "connect to the edition that has it, or name the database neo4j"),
    *each(("Statement.TypeError", "Statement.ArithmeticError"), "a value of another type",
          "use a column type in the schema that Neo4j has"),
    Known("Statement.EntityNotFound", "a node that was deleted during the run",
          "stop other programs from deleting nodes during a run"),
    Known("Statement.RuntimeUnsupportedError", "a runtime that the server lacks", "connect to Neo4j 5 itself"),
    *each(("Transaction.TransactionTimedOut", "Transaction.TransactionTimedOutClientConfiguration"),
          "a timeout of the server",
          _NO_TIMEOUT),
    *each(("Transaction.Terminated", "Transaction.LockClientStopped"), "a transaction that someone ended",
          "do not end the run's transactions (TERMINATE TRANSACTIONS), and run again"),
    *each(("Transaction.TransactionNotFound", "Transaction.TransactionMarkedAsFailed"),
          "a transaction that has failed before",
          "see the server's log for the statement before this one"),
    Known("Transaction.ForbiddenDueToTransactionType", "a statement that needs its own transaction",
          "disable the database's triggers"),
    *each(("Transaction.InvalidBookmark", "Transaction.BookmarkTimeout"), "a member of the cluster that lags",
          "name the leader in the connection string"),
    *each(("Transaction.TransactionHookFailed", "Transaction.TransactionValidationFailed"),
          "a trigger that refused the nodes",
          "disable the database's triggers (apoc.trigger)"),
    *each(("Transaction.DeadlockDetected", "Transaction.Outdated", "Transaction.ConstraintsChanged"),
          "another program that writes to the nodes",
          f"stop other programs from writing to the label, or set {setting_key('retries')}"),
    Known("Transaction.LockAcquisitionTimeout", "nodes that another transaction has locked",
          "end the transaction that holds the lock (SHOW TRANSACTIONS), and run again"),
    Known("Transaction.MaximumTransactionLimitReached", "too many transactions",
          "lower workers, or raise db.transaction.concurrent.maximum"),
    *each(("Transaction.LeaderSwitch", "Cluster.ReplicationFailure"), "a cluster that elects another leader",
          f"wait until the cluster has a leader, or set {setting_key('retries')}"),
    Known("Request.NoThreadsAvailable", "too many sessions", "lower workers, or raise server.bolt.thread_pool_max_size"),
    *each(("General.DatabaseUnavailable", "Database.DatabaseUnavailable"), "a database that starts or stops",
          "wait until the database is online (SHOW DATABASES)"),
    *each(("Security.AuthProviderFailed", "Security.AuthProviderTimeout"), "a login provider that does not answer",
          "check the server's provider of logins"),
    Known("Security.ModifiedConcurrently", "users that change during the run", "do not change users and roles during a run"),
    Known("General.UnknownError", "a server that stopped after a failed write", LOST, "encountered a critical error"),
    *each(("General.UnknownError", "Statement.ExecutionFailed", "Transaction.TransactionCommitFailed",
           "Transaction.TransactionStartFailed"),
          "a value that is too large to index",
          _INDEX, "too large to index"),
    *each(("Transaction.TransactionStartFailed", "Transaction.TransactionTerminationFailed"), "a database that stopped",
          LOST),
    Known("Transaction.TransactionLogError", "a full disk", MORE_DISK),
    *each(("General.StorageDamageDetected", "General.SchemaCorruptionDetected"), "damaged files of the server",
          "give the server more disk, and a new database"),
    Known("Schema.ConstraintValidationFailed", "a relationship of another program",
          "remove the relationships, which Loadtest did not create", "still has relationships"),
)  # fmt: skip
_DEFUNCT = "defunct connection"
"""Part of the driver's message about a connection that was lost."""


def server_error(error: Exception, at: Connection) -> ServerError:
    """Return an error of one line: the place, the message of the server or driver, and a remedy."""
    if isinstance(error, Neo4jError):
        code = error.code or ""
        message = error.message or code
        known = KNOWN.find(title_of(code), message)
        remedy = MORE_DISK if is_disk_full(message) else known.remedy if known else UNKNOWN
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


def title_of(code: str) -> str:
    """Return the last two parts of a code, such as `Schema.TokenNameError`."""
    return ".".join(code.split(".")[-2:])


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
