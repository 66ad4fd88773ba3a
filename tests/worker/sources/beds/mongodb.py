"""FerretDB in MongoDB's place, read with `mongosh` and PyMongo."""

from collections.abc import Mapping, Sequence
from typing import Any

import bson
import pyarrow as pa
from pymongo import MongoClient

from core.schema.model import Table
from testkit.serving import PASSWORD, Served
from tests.worker.encode.bson_values import OPTIONS, expected
from tests.worker.sources.beds.base import Row


class MongoDBBed:
    source = "mongodb"
    asks_for_password = True
    knows_rights = False
    missing_database: str | None = None
    settings: Mapping[str, str] = {"ferretdb": "v2.7.0", "replica_set": "none", "write_concern": "w:1, j:false"}

    def count(self, served: Served, table: Table) -> int:
        return int(self._shell(served, f"db.getCollection('{table.name}').countDocuments({{}})"))

    def rows(self, served: Served, table: Table) -> Sequence[Row]:
        client: MongoClient[dict[str, Any]] = MongoClient(served.connection_string)
        with client:
            collection = client["loadtest"].get_collection(table.name, codec_options=OPTIONS)
            return [{"id": document.pop("_id"), **document} for document in collection.find()]

    def expected(self, table: Table, batch: pa.RecordBatch) -> Sequence[Row]:
        """Return a value as the driver reads it back: whole milliseconds, no zones."""
        types = {column.name: column.type for column in table.columns}
        given = [{name: expected(value, types[name]) for name, value in row.items()} for row in batch.to_pylist()]
        return [_read_back(row) for row in given]

    def make_another_shape(self, served: Served, table: Table) -> None:
        self._shell(served, f"db.getCollection('{table.name}').insertOne({{_id: 1, extra: 'text'}})")

    def without_rights(self, served: Served) -> str:
        raise LookupError("FerretDB 2.7 enforces no rights for users who have logged in")

    def _shell(self, served: Served, script: str) -> str:
        url = f"mongodb://loadtest:{PASSWORD}@127.0.0.1:27017/loadtest?authSource=admin"
        return served.container.output("mongosh", "--quiet", url, "--eval", script)


def _read_back(document: dict[str, Any]) -> Row:
    decoded: dict[str, Any] = bson.decode(bson.encode(document, codec_options=OPTIONS), OPTIONS)
    return decoded
