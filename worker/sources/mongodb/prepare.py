"""MongoDB's prepare: initiate the replica set, inspect every collection, raise all complaints at once, then change them."""

import time
from collections.abc import Sequence
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import OperationFailure

from core.connection import Connection
from core.errors import ServerError
from core.options import OnExisting
from core.schema.model import Table
from worker.sources.base import Check
from worker.sources.mongodb.existing import inspect, missing_rights
from worker.sources.server_messages import exists_error, shape_error_of

_ALREADY_INITIALIZED, _NAMESPACE_EXISTS = 23, 48
_ELECTION_SECONDS = 30.0


def prepare(
    database: "Database[dict[str, Any]]", at: Connection, tables: Sequence[Table], on_existing: OnExisting, check: Check
) -> Sequence[str]:
    """Create the missing collections, empty the others if `on_existing` requires it, and return warnings.

    Each step may be repeated.
    """
    client = database.client
    warnings = join_replica_set(client, at)
    described = {found["name"]: found for found in database.list_collections()}
    existing = [table for table in tables if table.name in described]
    complaints = {table.name: inspect(database[table.name], described[table.name], table) for table in existing}
    rights = client.admin.command("connectionStatus", showPrivileges=True)["authInfo"]
    for table in tables:
        missing = missing_rights(rights, database.name, table.name, exists=table in existing)
        complaints[table.name] = [*complaints.get(table.name, ()), *missing]
    if any(complaints.values()):
        raise shape_error_of("collection", at, complaints, [table.name for table in existing])
    if existing and on_existing is OnExisting.FAIL:
        raise exists_error("collection", existing[0].name, at)
    check(existing)
    for table in tables:
        if table not in existing:
            _create(database, at, table, on_existing)
        elif on_existing is OnExisting.EMPTY:
            database[table.name].delete_many({})
    return warnings


def _create(database: "Database[dict[str, Any]]", at: Connection, table: Table, on_existing: OnExisting) -> None:
    try:
        database.create_collection(table.name, check_exists=False)
    except OperationFailure as error:
        if error.code != _NAMESPACE_EXISTS:
            raise
        # Another `prepare` of this run, or another user, has created it in the meantime.
        if on_existing is OnExisting.FAIL:
            raise exists_error("collection", table.name, at) from error


def join_replica_set(client: "MongoClient[dict[str, Any]]", at: Connection) -> Sequence[str]:
    """Make sure that the server accepts writes, and return a warning if it is in no replica set, like FerretDB.

    A server that was started as a member waits to be initiated. Raise ServerError if the new set elects no primary.
    """
    hello = client.admin.command("hello")
    if not hello.get("setName") and not hello.get("isreplicaset"):
        return (f"{at} is not in a replica set: it is loaded as a single server",)
    if hello.get("isreplicaset"):
        _initiate(client, at)
    started = time.monotonic()
    while not client.admin.command("hello").get("isWritablePrimary"):
        if hello.get("setName") or time.monotonic() - started > _ELECTION_SECONDS:
            raise ServerError(
                f"{at} is not the primary of its replica set; name the primary, or the set, in the connection string"
            )
        time.sleep(0.1)
    return ()


def initiation(name: str, at: Connection) -> dict[str, Any]:
    """Return the command that creates a set of one member, which has the name that the workers connect to."""
    return {"replSetInitiate": {"_id": name, "members": [{"_id": 0, "host": str(at.hosts[0])}]}}


def _initiate(client: "MongoClient[dict[str, Any]]", at: Connection) -> None:
    name = client.admin.command("getCmdLineOpts")["parsed"]["replication"]["replSet"]
    try:
        client.admin.command(initiation(name, at))
    except OperationFailure as error:
        if error.code != _ALREADY_INITIALIZED:
            raise
