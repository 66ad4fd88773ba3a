"""How documents go to MongoDB: in one command for many, or one at a time."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from bson.raw_bson import RawBSONDocument
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError

from core.schema.model import Table
from core.units import MIB
from worker.encode.bson import BsonEncoder
from worker.encode.rows import Objects, Rows
from worker.sources.base import BatchReceipt
from worker.sources.mongodb.values import DocumentByRow

_COMMAND_BYTES = 12 * MIB
"""Of documents in one command; the protocol's bound is 16 MiB for all of it."""
_AROUND_A_DOCUMENT = 8
"""Bytes: its type, its place in decimal digits (a chunk has no million rows) and a zero."""


class InsertManySink:
    """The command that `insert_many` makes, with documents that are bytes already and no object of the driver's for each."""

    def __init__(self, collection: "Collection[dict[str, Any]]", table: Table) -> None:
        self._collection: Collection[Any] = collection
        self._encoder = BsonEncoder(table)

    def encode(self, batch: pa.RecordBatch) -> Objects:
        """BSON documents, as the driver takes them: here, while the server is busy with those before."""
        encoded = self._encoder.encode(batch)
        return Objects([RawBSONDocument(document) for document in encoded.cut()], np.diff(encoded.ends, prepend=0))

    def send(self, pieces: Iterator[Objects]) -> BatchReceipt:
        """Unordered: the server need not stop at a failure, nor keep to an order."""
        sent, waited = 0, 0.0
        for piece in pieces:
            for part in in_commands(piece):
                started = time.perf_counter()
                self._insert(part)
                waited += time.perf_counter() - started
            sent += piece.nbytes
        return BatchReceipt(sent, waited)

    def _insert(self, documents: Objects) -> None:
        said = self._collection.database.command(
            "insert",
            self._collection.name,
            documents=documents.rows,
            ordered=False,
            writeConcern=self._collection.write_concern.document,
        )
        if said.get("writeErrors") or said.get("writeConcernError"):
            raise BulkWriteError({"writeErrors": [], "writeConcernErrors": [], **said})


class InsertOneSink:
    """A document at a time, encoded by the driver's own encoder."""

    def __init__(self, collection: "Collection[dict[str, Any]]", table: Table) -> None:
        self._collection: Collection[Any] = collection
        self._encoder = DocumentByRow(table)

    def encode(self, batch: pa.RecordBatch) -> Rows:
        """BSON documents, made one by one."""
        return Rows.joined(self._encoder.encode(batch))

    def send(self, pieces: Iterator[Rows]) -> BatchReceipt:
        """As many round trips as rows."""
        sent = 0
        for piece in pieces:
            for document in piece.cut():
                self._collection.insert_one(RawBSONDocument(document))
            sent += len(piece.data)
        return BatchReceipt(sent, 0.0)


def in_commands(documents: Objects) -> Iterator[Objects]:
    """Parts that a command holds, whose documents are in its own: 16 MiB at most, each of which has its place's digits."""
    ends = np.cumsum(documents.sizes + _AROUND_A_DOCUMENT)
    first = 0
    while first < len(documents):
        before = ends[first - 1] if first else 0
        stop = max(int(np.searchsorted(ends, before + _COMMAND_BYTES, side="right")), first + 1)
        yield documents.part(first, stop)
        first = stop
