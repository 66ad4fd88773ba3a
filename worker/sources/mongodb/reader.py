"""Read collections back by a cursor over batches of BSON documents; only those that differ are decoded."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import bson
import numpy as np
import pyarrow as pa
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.decimal128 import Decimal128
from pymongo.collection import Collection

from core.schema.model import Table
from core.schema.types import STRINGS, Kind
from worker.arrow import fixed_width, with_nulls
from worker.encode.bson import BsonEncoder
from worker.sources.base import Scope, StoredRows
from worker.sources.text_columns import columns_of_objects

_ROWS = 4_096
_SIZE_BYTES = 4
"""The bytes of a document before its first element."""
_KEY_HEADS: Mapping[Kind, tuple[bytes, pa.DataType]] = {
    Kind.INT64: (b"\x12_id\0", pa.int64()),
    **dict.fromkeys((Kind.INT8, Kind.INT16, Kind.INT32), (b"\x10_id\0", pa.int32())),
    Kind.UUID: (b"\x05_id\0\x10\0\0\0\x04", pa.binary(16)),
}
"""By kind of key: the bytes before the key in its document, and the type of the key (bsonspec.org, version 1.1)."""
_TEXT_HEAD = b"\x02_id\0"


def read(collection: "Collection[dict[str, Any]]", table: Table, scope: Scope) -> Iterator[StoredRows]:
    """Yield the documents of a scope's keys, or of the whole collection if its keys are not consecutive numbers.

    A key that is NaN or not a number is outside of every range of keys; one worker of the table reads it.
    """
    options = collection.codec_options.with_options(datetime_conversion=DatetimeConversion.DATETIME_AUTO)
    chosen: dict[str, Any] = {}
    first, stop = scope.keys or (None, None)
    bounds = {sign: bson.Int64(bound) for sign, bound in (("$gte", first), ("$lt", stop)) if bound is not None}
    if bounds:
        chosen = {"_id": bounds}
        if scope.checks_unowned_rows:
            chosen = {"$or": [chosen, {"_id": {"$not": {"$type": "number"}}}, {"_id": float("nan")}]}
    encoder = BsonEncoder(table)
    with collection.find_raw_batches(chosen, batch_size=_ROWS) as cursor:
        for batch in cast("Iterator[bytes]", cursor):
            documents = _documents(batch)
            yield StoredRows(
                _keys(documents, table),
                [documents],
                lambda rows: [encoder.encode(rows).as_array()],
                lambda parts: _columns(parts, table, options),
            )


def _documents(batch: bytes) -> pa.Array:
    """Return the documents of a batch, each of which begins with its size."""
    bounds, place = [0], 0
    while place < len(batch):
        place += int.from_bytes(batch[place : place + _SIZE_BYTES], "little")
        bounds.append(place)
    buffers = [None, pa.py_buffer(np.array(bounds, np.int32)), pa.py_buffer(batch)]
    return pa.Array.from_buffers(pa.binary(), len(bounds) - 1, buffers)


def _keys(documents: pa.Array, table: Table) -> pa.Array:
    """Return the keys of documents that begin with `_id` in the BSON type of the table's key; null for others."""
    kind = table.key.type.kind
    if kind in STRINGS:
        return pa.array(map(_text_key, documents.to_pylist()), pa.string())
    if kind not in _KEY_HEADS or not len(documents):
        return pa.nulls(len(documents), pa.string())
    head, type_ = _KEY_HEADS[kind]
    data = np.frombuffer(documents.buffers()[2], np.uint8)
    places = np.frombuffer(documents.buffers()[1], np.int32)[:-1, None] + _SIZE_BYTES
    # A document that ends before the end of a key does not begin with the head either.
    cells = data[np.minimum(places + np.arange(len(head) + type_.bit_width // 8), len(data) - 1)]
    begins = (cells[:, : len(head)] == np.frombuffer(head, np.uint8)).all(axis=1)
    return with_nulls(fixed_width(type_, cells[:, len(head) :]), begins)


def _text_key(document: bytes) -> str | None:
    start = _SIZE_BYTES + len(_TEXT_HEAD)
    if document[_SIZE_BYTES:start] != _TEXT_HEAD:
        return None
    size = int.from_bytes(document[start : start + 4], "little")
    return document[start + 4 : start + 3 + size].decode(errors="backslashreplace")


def _columns(parts: Sequence[pa.Array], table: Table, options: "CodecOptions[dict[str, Any]]") -> pa.RecordBatch:
    documents = [bson.decode(document, options) for document in parts[0].to_pylist()]
    return columns_of_objects([_row(document, table) for document in documents], table)


def _row(document: dict[str, Any], table: Table) -> dict[str, Any]:
    return {table.primary_key if name == "_id" else name: _value(value) for name, value in document.items()}


def _value(value: Any) -> Any:
    """Return Python's value for the driver's own classes; a date outside the years of Python is shown in milliseconds."""
    if isinstance(value, Decimal128):
        return value.to_decimal()
    if isinstance(value, list):
        return [_value(item) for item in value]
    return value if not isinstance(value, bson.DatetimeMS) else f"{int(value)} ms"
