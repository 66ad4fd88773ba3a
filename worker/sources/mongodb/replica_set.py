"""The replica set of a MongoDB server: initiated by `prepare`, since a server that is told to be in one waits for it."""

import time
from collections.abc import Sequence
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure

from core.connection import Connection
from core.errors import ServerError

_ALREADY_INITIALIZED = 23
_ELECTION_SECONDS = 30.0


def join_replica_set(client: "MongoClient[dict[str, Any]]", at: Connection) -> Sequence[str]:
    """Make sure that the server takes writes; warns where it is in no set, as FerretDB and a lonely mongod are.

    Raises ServerError where a set that was just initiated elects nobody.
    """
    hello = client.admin.command("hello")
    if not hello.get("setName") and not hello.get("isreplicaset"):
        return (f"{at} is no replica set: it is loaded as the single server that it is",)
    if hello.get("isreplicaset"):
        _initiate(client, at)
    waited = time.monotonic()
    while not client.admin.command("hello").get("isWritablePrimary"):
        if hello.get("setName") or time.monotonic() - waited > _ELECTION_SECONDS:
            raise ServerError(
                f"{at} is no primary of its replica set; name the primary, or the set, in the connection string"
            )
        time.sleep(0.1)
    return ()


def initiation(name: str, at: Connection) -> dict[str, Any]:
    """The command that makes a set of one member, which is known by the name that the workers use."""
    return {"replSetInitiate": {"_id": name, "members": [{"_id": 0, "host": str(at.hosts[0])}]}}


def _initiate(client: "MongoClient[dict[str, Any]]", at: Connection) -> None:
    name = client.admin.command("getCmdLineOpts")["parsed"]["replication"]["replSet"]
    try:
        client.admin.command(initiation(name, at))
    except OperationFailure as error:
        if error.code != _ALREADY_INITIALIZED:
            raise
