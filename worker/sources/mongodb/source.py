"""MongoDB: insert_many of documents that are BSON already, unordered, write concern 1."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import bson
import pyarrow as pa
from bson.binary import UuidRepresentation
from bson.codec_options import CodecOptions
from pymongo import MongoClient, ReadPreference, WriteConcern
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConfigurationError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)
from pymongo.read_concern import ReadConcern

from core.connection import Connection
from core.errors import ServerError
from core.plan import OnExisting, Shard
from core.schema.model import Column, Table
from core.stores import INSERT, MONGODB
from worker.encode.bson import BsonEncoder
from worker.sources.base import Fingerprint, KeyRange, Scope, Sink, WorkerSlot
from worker.sources.existing import in_the_way, not_to_be_touched
from worker.sources.messages import GONE, MORE_DISK, tells_of_full_disk
from worker.sources.mongodb import reader
from worker.sources.mongodb.connection import arguments, is_permanent, open_client, refuses_tls
from worker.sources.mongodb.existing import inspect, missing_rights
from worker.sources.mongodb.replica_set import join_replica_set
from worker.sources.mongodb.sinks import InsertManySink, InsertOneSink
from worker.sources.server_settings import readable

_KEYS_A_DELETE = 1_000
_OPTIONS: "CodecOptions[dict[str, Any]]" = CodecOptions(uuid_representation=UuidRepresentation.STANDARD)
_UNACKNOWLEDGED_BY_DISK = WriteConcern(w=1, j=False)

Document = Mapping[str, Any]


def open_source(connection: Connection, _: WorkerSlot) -> "MongoDB":
    """The source of a connection string, not connected yet."""
    return MongoDB(connection)


class MongoDB:
    """One client. A batch is one `insertMany`, in which each document lands or fails by itself."""

    capabilities = MONGODB

    def __init__(self, connection: Connection) -> None:
        self._at = connection
        self._client: MongoClient[dict[str, Any]] | None = None
        self._arguments = arguments(connection)
        self._database = connection.database.partition(".")[0]

    def connect(self) -> None:
        """One try; raises ServerError, transient unless the server answered with a refusal that stays."""
        try:
            self._open()
        except ServerError as error:
            if not (error.transient and refuses_tls(self._at)):
                raise
            # It may have come up in between; else waiting does not help.
            self._open_again()

    def _open(self) -> None:
        self.close()
        with self._named():
            self._client = open_client(self._at, self._arguments)
            self._client.admin.command("ping")

    def _open_again(self) -> None:
        try:
            self._open()
        except ServerError as error:
            if not error.transient:
                raise
            said = (
                "the server speaks no TLS; leave tls=true out of the connection string, or switch TLS on for the server"
            )
            raise ServerError(f"{self._at}: {said}", transient=False) from error

    def prepare(self, tables: Sequence[Table], on_existing: OnExisting) -> Sequence[str]:
        """Initiate the replica set where there is to be one, and make the collections; each step may be repeated."""
        with self._named():
            said = join_replica_set(self._server, self._at)
            described = {found["name"]: found for found in self._tables_there.list_collections()}
            there = [table for table in tables if table.name in described]
            complaints = {table.name: inspect(self._collection(table), described[table.name], table) for table in there}
            rights = self._server.admin.command("connectionStatus", showPrivileges=True)["authInfo"]
            for table in tables:
                lacking = missing_rights(rights, self._database, table.name, exists=table in there)
                complaints[table.name] = [*complaints.get(table.name, ()), *lacking]
            if any(complaints.values()):
                raise in_the_way("collection", self._at, complaints, [table.name for table in there])
            if there and on_existing is OnExisting.FAIL:
                raise not_to_be_touched("collection", there[0].name, self._at)
            for table in tables:
                if table in there:
                    if on_existing is OnExisting.EMPTY:
                        self._collection(table).delete_many({})
                else:
                    self._create(table, on_existing)
        return said

    def _create(self, table: Table, on_existing: OnExisting) -> None:
        try:
            self._tables_there.create_collection(table.name, check_exists=False)
        except OperationFailure as error:
            if error.code != _NAMESPACE_EXISTS:
                raise
            # Another `prepare` of this run was faster, or somebody else.
            if on_existing is OnExisting.FAIL:
                raise not_to_be_touched("collection", table.name, self._at) from error

    @contextmanager
    def sink(self, table: Table, shard: Shard, method: str) -> Iterator[Sink[Any]]:  # noqa: ARG002
        """insertMany, or a document at a time."""
        with self._named():
            yield (InsertOneSink if method == INSERT else InsertManySink)(self._collection(table), table)

    def remove(self, table: Table, keys: KeyRange | pa.Array) -> None:
        """Delete the documents with these keys."""
        with self._named():
            for condition in _conditions(table, keys):
                self._collection(table).delete_many({"_id": condition})

    def contains_any(self, table: Table, keys: KeyRange | pa.Array) -> bool:
        """Whether one of these keys is the `_id` of a document."""
        with self._named():
            return any(self._collection(table).find_one({"_id": each}, {"_id": 1}) for each in _conditions(table, keys))

    def count(self, table: Table) -> int:
        """`countDocuments({})`, which counts documents and not the collection's metadata."""
        with self._named():
            return self._collection(table).count_documents({})

    def read(self, table: Table, scope: Scope) -> Iterator[pa.RecordBatch]:
        """The documents of a range of keys, or all."""
        with self._named():
            yield from reader.read(self._collection(table), table, scope)

    def as_stored(self, column: Column, values: pa.Array) -> pa.Array:
        """What BSON holds of generated values."""
        return reader.as_stored(column.type, values)

    def fingerprint(self, table: Table, scope: Scope) -> Fingerprint | None:  # noqa: ARG002
        """None: it has no hash that FerretDB has too."""
        return None

    def settings(self) -> Mapping[str, str]:
        """The version and what the server says of its role; FerretDB says that it is FerretDB."""
        refused: dict[str, str] = {}
        built, hello, started = (
            readable(command, partial(self._answer, command), refused)
            for command in ("buildInfo", "hello", "getCmdLineOpts")
        )
        storage = started.get("parsed", {}).get("storage", {})
        cache = storage.get("wiredTiger", {}).get("engineConfig", {}).get("cacheSizeGB")
        settings = {
            "version": built.get("version"),
            "ferretdb": built.get("ferretdb", {}).get("version"),
            "replica_set": hello.get("setName", "none") if hello else None,
            "wiredTiger_cache_gb": cache,
            "write_concern": "w:1, j:false",
        }
        return {**{name: str(value) for name, value in settings.items() if value is not None}, **refused}

    def _answer(self, command: str) -> Mapping[str, Any]:
        with self._named():
            return self._server.admin.command(command)

    def close(self) -> None:
        """Release the connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _collection(self, table: Table) -> "Collection[dict[str, Any]]":
        return self._tables_there.get_collection(table.name)

    @property
    def _tables_there(self) -> "Database[dict[str, Any]]":
        """The database, with what neither the connection string nor the server's defaults may change."""
        return self._server.get_database(
            self._database,
            codec_options=_OPTIONS,
            read_preference=ReadPreference.PRIMARY,
            write_concern=_UNACKNOWLEDGED_BY_DISK,
            read_concern=ReadConcern("local"),
        )

    @property
    def _server(self) -> "MongoClient[dict[str, Any]]":
        if self._client is None:
            raise ServerError(f"{self._at}: not connected", transient=True)
        return self._client

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Turn the driver's errors into ours, with the place and a remedy."""
        try:
            yield
        except PyMongoError as error:
            raise server_error(error, self._at) from error


def _conditions(table: Table, keys: KeyRange | pa.Array) -> Iterator[dict[str, Any]]:
    """Yield the conditions for an `_id` that together are true for these keys."""
    if isinstance(keys, KeyRange):
        yield {"$gte": keys.low, "$lte": keys.high}
        return
    for first in range(0, len(keys), _KEYS_A_DELETE):
        yield {"$in": _key_values(table, keys.slice(first, _KEYS_A_DELETE))}


def _key_values(table: Table, keys: pa.Array) -> list[Any]:
    """The keys as the driver's objects: what its decoder makes of the documents that hold nothing else."""
    alone = Table(name=table.name, primary_key=table.primary_key, columns=(table.key,))
    batch = pa.RecordBatch.from_arrays([keys], names=[table.primary_key])
    return [bson.decode(document, _OPTIONS)["_id"] for document in BsonEncoder(alone).encode(batch).cut()]


_NAMESPACE_EXISTS = 48
_REMEDIES: Mapping[int, str] = {
    11: "check user and password in the connection string, and its authSource",
    334: "write an authMechanism that the server has",
    13: "grant the user readWrite on the database (and clusterAdmin, for a replica set that is to be initiated)",
    18: "check user and password in the connection string, and its authSource",
    11000: "set loadtest:onExisting to empty, or drop the unique index",
    121: "remove the collection's validator by collMod",
    10334: "make the rows smaller: a document has 16 MiB at most",
    14031: MORE_DISK,
    10107: "name the replica set's primary, or the set, in the connection string",
    13435: "name the replica set's primary, or the set, in the connection string",
}
_TRANSIENT = (91, 11600, 11602, 189)  # shutting down, interrupted by it, stepping down


def server_error(error: PyMongoError, at: Connection) -> ServerError:
    """One line: where, what the server or the driver said, what to do."""
    code, said = 0, str(error)
    if isinstance(error, BulkWriteError) and isinstance(error.details, dict) and error.details["writeErrors"]:
        first = error.details["writeErrors"][0]
        code, said = int(first.get("code", 0)), str(first.get("errmsg", said))
    elif isinstance(error, OperationFailure):
        code, said = error.code or 0, str((error.details or {}).get("errmsg", said))
    remedy = _REMEDIES.get(code) or _remedy(error, said)
    # What follows are the driver's settings and its view of the servers, a paragraph long.
    said = at.redacted(said.split(" (configured timeouts")[0].split(", full error:")[0])
    transient = (isinstance(error, AutoReconnect) and not is_permanent(said)) or code in _TRANSIENT
    return ServerError(f"{at}: {said}; {remedy}", transient=transient)


def _remedy(error: PyMongoError, said: str) -> str:
    """For an error without a code that says it all."""
    if is_permanent(said):
        return "check tls, tlsCAFile and tlsCertificateKeyFile, and whether the server speaks TLS"
    if isinstance(error, ConfigurationError):
        return "correct the host or the options in the connection string"
    if isinstance(error, ServerSelectionTimeoutError):
        return "check that the server is up and reachable"
    if isinstance(error, AutoReconnect):
        return GONE
    return MORE_DISK if tells_of_full_disk(said) else "see the server's log"
