"""Load documents into MongoDB: many in one command, or one at a time."""

import time
from collections.abc import Iterator
from typing import Any

import bson
import numpy as np
import pyarrow as pa
from bson.binary import UuidRepresentation
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError

from core.schema.model import Table
from core.units import MIB
from worker.encode.bson import BsonEncoder
from worker.encode.rows import Objects, Rows
from worker.sources.base import BatchReceipt
from worker.sources.mongodb.types import value_of

_OPTIONS: "CodecOptions[dict[str, Any]]" = CodecOptions(uuid_representation=UuidRepresentation.STANDARD)
_COMMAND_BYTES = 12 * MIB
"""Bytes of documents in one command; the protocol limits the whole command to 16 MiB."""
_DOCUMENT_OVERHEAD = 8
"""Bytes per document in the command: its type, its index in up to six decimal digits, and a zero."""


class InsertManySink:
    """The command of `insert_many`, with documents that are BSON already, so that the driver encodes none."""

    def __init__(self, collection: "Collection[dict[str, Any]]", table: Table) -> None:
        self._collection: Collection[Any] = collection
        self._encoder = BsonEncoder(table)

    def encode(self, batch: pa.RecordBatch) -> Objects:
        """Return BSON documents in the driver's form. They are encoded while the server stores the previous ones."""
        encoded = self._encoder.encode(batch)
        return Objects([RawBSONDocument(document) for document in encoded.cut()], np.diff(encoded.ends, prepend=0))

    def send(self, pieces: Iterator[Objects]) -> BatchReceipt:
        """Send the documents unordered: the server continues after a failure, in any order."""
        sent, waited = 0, 0.0
        for piece in pieces:
            for part in in_commands(piece):
                started = time.perf_counter()
                self._insert(part)
                waited += time.perf_counter() - started
            sent += piece.nbytes
        return BatchReceipt(sent, waited)

    def _insert(self, documents: Objects) -> None:
        answer = self._collection.database.command(
            "insert",
            self._collection.name,
            documents=documents.rows,
            ordered=False,
            writeConcern=self._collection.write_concern.document,
        )
        if answer.get("writeErrors") or answer.get("writeConcernError"):
            raise BulkWriteError({"writeErrors": [], "writeConcernErrors": [], **answer})


class DocumentByRow:
    """Encodes rows of a table as BSON documents, `_id` first: the same bytes as the columnar encoder's."""

    def __init__(self, table: Table) -> None:
        self._columns = [("_id", table.key)]
        self._columns += [(column.name, column) for column in table.columns if column.name != table.primary_key]

    def encode(self, batch: pa.RecordBatch) -> list[bytes]:
        """Return one document per row."""
        columns = [batch.column(column.name).to_pylist() for _, column in self._columns]
        names = [(name, column.type) for name, column in self._columns]
        return [
            bson.encode(
                {name: value_of(value, type_) for (name, type_), value in zip(names, row, strict=True)},
                codec_options=_OPTIONS,
            )
            for row in zip(*columns, strict=True)
        ]


class InsertOneSink:
    """One document at a time, encoded by the driver's own encoder."""

    def __init__(self, collection: "Collection[dict[str, Any]]", table: Table) -> None:
        self._collection: Collection[Any] = collection
        self._encoder = DocumentByRow(table)

    def encode(self, batch: pa.RecordBatch) -> Rows:
        """Return BSON documents, encoded one by one."""
        return Rows.joined(self._encoder.encode(batch))

    def send(self, pieces: Iterator[Rows]) -> BatchReceipt:
        """Send one document per round trip."""
        sent = 0
        for piece in pieces:
            for document in piece.cut():
                self._collection.insert_one(RawBSONDocument(document))
            sent += len(piece.data)
        return BatchReceipt(sent, 0.0)


def in_commands(documents: Objects) -> Iterator[Objects]:
    """Yield parts that fit into one command."""
    ends = np.cumsum(documents.sizes + _DOCUMENT_OVERHEAD)
    first = 0
    while first < len(documents):
        before = ends[first - 1] if first else 0
        stop = max(int(np.searchsorted(ends, before + _COMMAND_BYTES, side="right")), first + 1)
        yield documents.part(first, stop)
        first = stop
