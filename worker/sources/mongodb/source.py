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
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

from core.connection import Connection
from core.errors import ServerError
from core.options import OnExisting
from core.plan import Shard
from core.schema.model import Table
from core.stores import INSERT, MONGODB
from worker.encode.bson import BsonEncoder
from worker.sources.base import (
    ROWS_PER_STATEMENT,
    BaseSource,
    Check,
    Generated,
    KeyRange,
    Returned,
    Scope,
    Sink,
    WorkerSlot,
    accept,
)
from worker.sources.mongodb import reader
from worker.sources.mongodb.connection import arguments, open_client, server_lacks_tls
from worker.sources.mongodb.errors import server_error
from worker.sources.mongodb.prepare import prepare
from worker.sources.mongodb.sinks import InsertManySink, InsertOneSink
from worker.sources.mongodb.types import TYPES
from worker.sources.tls_hint import connect_or_name_tls

_OPTIONS: "CodecOptions[dict[str, Any]]" = CodecOptions(uuid_representation=UuidRepresentation.STANDARD)
_UNACKNOWLEDGED_BY_DISK = WriteConcern(w=1, j=False)


def open_source(connection: Connection, _: WorkerSlot) -> "MongoDB":
    """Return the source of a connection string, not connected yet."""
    return MongoDB(connection)


class MongoDB(BaseSource):
    """One client. A batch is one `insertMany`, in which each document is stored or fails by itself."""

    capabilities = MONGODB
    types = TYPES

    def __init__(self, connection: Connection) -> None:
        self._at = connection
        self._client: MongoClient[dict[str, Any]] | None = None
        self._arguments = arguments(connection)

    @contextmanager
    def translate_errors(self) -> Iterator[None]:
        """Raise ServerError in place of the driver's errors."""
        try:
            yield
        except PyMongoError as error:
            raise server_error(error, self._at) from error

    def connect(self) -> None:
        """Try once to connect. If the string requires TLS and the server lacks it, the error names TLS."""
        remedy = "leave tls=true out of the connection string, or switch TLS on for the server"
        connect_or_name_tls(self._open, self._at, server_lacks_tls, remedy)

    def _open(self) -> None:
        self.close()
        with self.translate_errors():
            self._client = open_client(self._at, self._arguments)
            self._client.admin.command("ping")

    def prepare(self, tables: Sequence[Table], on_existing: OnExisting, check: Check = accept) -> Sequence[str]:
        """Initiate the replica set if necessary, and create the collections; each step may be repeated."""
        return prepare(self._database, self._at, tables, on_existing, check)

    @contextmanager
    def sink(self, table: Table, shard: Shard, method: str) -> Iterator[Sink[Any]]:  # noqa: ARG002
        """Yield a sink for insertMany, or for one document at a time."""
        yield (InsertOneSink if method == INSERT else InsertManySink)(self._collection(table), table)

    def remove(self, table: Table, keys: KeyRange | pa.Array) -> None:
        """Delete the documents with these keys."""
        for condition in _conditions(table, keys):
            self._collection(table).delete_many({"_id": condition})

    def contains_any(self, table: Table, keys: KeyRange | pa.Array) -> bool:
        """Return whether one of these keys is the `_id` of a document."""
        return any(self._collection(table).find_one({"_id": each}, {"_id": 1}) for each in _conditions(table, keys))

    def count(self, table: Table) -> int:
        """Return `countDocuments({})`, which counts documents and does not use the collection's metadata."""
        return self._collection(table).count_documents({})

    def read(self, table: Table, scope: Scope) -> Iterator[pa.RecordBatch]:
        """Yield the documents of a scope: a range of keys, or the whole collection."""
        for documents in reader.read(self._collection(table), table, scope):
            yield documents.parsed()

    def compare(self, table: Table, scope: Scope, generated: Generated) -> Iterator[Returned]:  # noqa: ARG002
        """Yield the same documents as BSON."""
        yield from reader.read(self._collection(table), table, scope)

    def settings(self) -> Mapping[str, str]:
        """Return the version, the server's role and its cache; for FerretDB also its own version."""
        refused: dict[str, str] = {}
        built, hello, started = (
            self.readable(command, partial(self._server.admin.command, command), refused)
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

    def close(self) -> None:
        """Release the connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _collection(self, table: Table) -> "Collection[dict[str, Any]]":
        return self._database.get_collection(table.name)

    @property
    def _database(self) -> "Database[dict[str, Any]]":
        """The database, with concerns that neither the connection string nor the server's defaults change."""
        return self._server.get_database(
            self._at.database.partition(".")[0],
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


def _conditions(table: Table, keys: KeyRange | pa.Array) -> Iterator[dict[str, Any]]:
    """Yield the conditions for an `_id` that together match these keys."""
    if isinstance(keys, KeyRange):
        yield {"$gte": keys.low, "$lte": keys.high}
        return
    for first in range(0, len(keys), ROWS_PER_STATEMENT):
        yield {"$in": _key_values(table, keys.slice(first, ROWS_PER_STATEMENT))}


def _key_values(table: Table, keys: pa.Array) -> list[Any]:
    """Return the keys as the driver's objects, by decoding documents that have only a key."""
    alone = Table(name=table.name, primary_key=table.primary_key, columns=(table.key,))
    batch = pa.RecordBatch.from_arrays([keys], names=[table.primary_key])
    return [bson.decode(document, _OPTIONS)["_id"] for document in BsonEncoder(alone).encode(batch).cut()]
