"""Translate errors of MongoDB, FerretDB and PyMongo into one line with a remedy.

Source of the codes: mongodb.com, "Error Codes", which FerretDB shares.
"""

import re

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
from core.settings_key import setting_key
from worker.sources.known_errors import UNKNOWN, Known, KnownErrors, each
from worker.sources.server_messages import LOST, MORE_DISK, is_disk_full

KNOWN = KnownErrors(
    *each((1, 8), "an error of the server itself", MORE_DISK, "[Nn]o space left"),
    *each((2, 9, 72), "an option that the server does not accept",
          "correct the options in the connection string, or use a newer server"),
    *each((6, 7, 89, 9001), "a lost connection between the servers",
          "check the network between the servers of the set", transient=True),
    *each((11, 18), "a wrong user, password or authentication database",
          "check user and password in the connection string, and its authSource"),
    Known(13, "a missing right on the replica set",
          "grant the user clusterAdmin to initiate the replica set, or initiate it with rs.initiate()", "replSet"),
    Known(13, "a missing right", "grant the user readWrite on the database, or what the message names"),
    Known(13, "a connection without a login", "write user and password in the connection string", "requires authentication"),
    *each((14, 53, 57), "a document or option that the server does not accept",
          "correct the column's name or generator in the schema, or the options in the connection string"),
    *each((20, 76, 94), "a server that is in no replica set",
          "initiate the replica set (rs.initiate()), or start the server without --replSet"),
    *each((24, 46, 112, 225, 251, 314), "another program that writes to the collection",
          f"stop other programs from using the collection, or set {setting_key('retries')}"),
    Known(26, "a collection that does not exist", "run `worker prepare` first, and do not drop the collection during a run"),
    *each((27, 68), "an index that changed during the run", "do not change the collection's indexes during a run"),
    *each((43, 237), "a cursor that the server closed",
          "do not end the run's cursors, and raise the server's cursorTimeoutMillis"),
    Known(48, "a collection that exists already", f"drop the collection, or set {setting_key('onExisting')} to empty"),
    *each((50, 202, 262), "a time limit of the server",
          "remove the server's defaultMaxTimeMS, and timeoutMS from the connection string"),
    *each((59, 115), "a command that the server lacks", "connect to MongoDB or FerretDB 2, in a supported version"),
    Known(61, "a sharded collection whose key the rows lack",
          "load into a collection that is not sharded, or shard it by _id"),
    *each((63, 150, 13388), "a cluster that moves data", "wait until the cluster's balancer has ended, and run again"),
    Known(64, "a write that too few members confirmed in time",
          "check that the members of the set are up, or lower w in the connection string"),
    *each((67, 85, 86), "an index of another form", "drop the index that the message names"),
    Known(73, "a name that the server refuses",
          "rename the table in the schema: without $, and database and name below 120 bytes"),
    *each((74, 133, 10058, 10107, 13435, 13436), "a member that is not the primary",
          "name the replica set's primary, or the set, in the connection string"),
    *each((79, 100), "a write concern that the set cannot fulfil",
          "lower w in the connection string to the number of members that hold data"),
    *each((91, 189, 11600, 11602), "a server that stops or a set that elects another primary",
          "wait until the set has a primary", transient=True),
    Known(93, "a replica set of another form", "correct the set's configuration (rs.conf())"),
    Known(96, "an operation that failed", "see the server's log for the operation"),
    Known(121, "a validator that refuses the document", "remove the collection's validator with collMod"),
    *each((134, 148, 246), "a read concern that the server cannot fulfil",
          "write readConcernLevel=local in the connection string"),
    Known(136, "a capped collection", "drop the collection, so that Loadtest creates it without a limit"),
    *each((146, 292), "a query that needs more memory", "give the server more memory with databaseMemoryLimit"),
    *each((166, 10003), "a collection of another kind", "drop the view or capped collection, or load into another database"),
    *each((175, 11601), "an operation that someone ended", "do not end the run's operations (killOp), and run again"),
    Known(197, "an index with an invalid definition", "drop the index that the message names"),
    Known(211, "a key of the server that is missing", "check the clocks and keyFile of the set's members"),
    Known(238, "a feature that the server lacks", "connect to MongoDB or FerretDB 2, in a supported version"),
    *each((322, 323), "an API version that forbids a command", "remove the server's requireApiVersion"),
    Known(334, "an authentication mechanism that the server lacks", "write an authMechanism that the server has"),
    Known(391, "a login that has ended", "check that the login of the connection string stays valid during a run"),
    Known(8000, "a refusal of Atlas", "see the message: Atlas limits free clusters and users"),
    *each((10334, 17280), "a document or key that is too large", "make the rows smaller: a document has 16 MiB at most"),
    Known(11000, "a key or unique value that another document has",
          f"set {setting_key('onExisting')} to empty, or drop the unique index that the message names"),
    *each((12586, 12587), "an index build of another program", "wait until the index is built, and run again"),
    Known(13297, "a database whose name differs in case only", "write the database's name as the server has it"),
    Known(14031, "a full disk", MORE_DISK),
)  # fmt: skip
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
    known = KNOWN.find(code, message)
    remedy = known.remedy if known else _remedy(error, message)
    # The rest is a paragraph with the driver's settings and its view of the servers.
    message = at.redacted(message.split(" (configured timeouts")[0].split(", full error:")[0])
    transient = (isinstance(error, AutoReconnect) and not is_permanent(message)) or bool(known and known.transient)
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
    return MORE_DISK if is_disk_full(message) else UNKNOWN
