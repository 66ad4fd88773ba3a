"""Neo4j, read with `cypher-shell` and the driver."""

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
from neo4j import GraphDatabase, Query

from core.schema.model import Table
from core.schema.types import DataType, Kind
from testkit.serving import PASSWORD, Served
from tests.worker.encode import samples
from tests.worker.sources.beds.base import Row


class Neo4jBed:
    source = "neo4j"
    asks_for_password = True
    knows_rights = False
    missing_database: str | None = "create the database"
    settings: Mapping[str, str] = {
        "server.memory.heap.max_size": "256.00MiB",
        "server.memory.pagecache.size": "64.00MiB",
        "db.tx_log.rotation.size": "16.00MiB",
        "db.tx_log.rotation.retention_policy": "2 files",
    }

    def count(self, served: Served, table: Table) -> int:
        return int(self._shell(served, f"MATCH (n:`{table.name}`) RETURN count(n)").splitlines()[-1])

    def rows(self, served: Served, table: Table) -> Sequence[Row]:
        """Return the row without its nulls, which Neo4j does not store."""
        address = f"bolt://{served.connection.host}:7687"
        # Without the server's own timeout.
        query = Query("MATCH (n) WHERE $label IN labels(n) RETURN n", timeout=0)
        with GraphDatabase.driver(address, auth=("neo4j", PASSWORD)) as driver, driver.session() as session:
            nodes = [dict(record["n"]) for record in session.run(query, label=table.name)]
        return [{c.name: _read(node.get(c.name), c.type) for c in table.columns} for node in nodes]

    def expected(self, table: Table, batch: pa.RecordBatch) -> Sequence[Row]:
        return samples.rows_of(table, batch)

    def make_another_shape(self, served: Served, table: Table) -> None:
        self._shell(served, f"CREATE (:`{table.name}` {{id: 1, extra: 'text'}})")

    def without_rights(self, served: Served) -> str:
        raise LookupError("the community edition gives every user all rights")

    @staticmethod
    def _shell(served: Served, query: str) -> str:
        login = {"NEO4J_USERNAME": "neo4j", "NEO4J_PASSWORD": PASSWORD}
        return served.container.output("cypher-shell", "--format", "plain", query, environment=login)


def _read(value: Any, type_: DataType) -> Any:
    return value if value is None or type_.kind not in _READERS else _READERS[type_.kind](value)


def _duration(value: Any) -> timedelta:
    return timedelta(days=value.days, seconds=value.seconds, microseconds=value.nanoseconds // 1000)


_READERS: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.DECIMAL: Decimal,
    Kind.UUID: uuid.UUID,
    Kind.JSON: json.loads,
    Kind.JSONB: json.loads,
    Kind.DATE: lambda value: value.to_native(),
    Kind.TIME: lambda value: value.to_native(),
    Kind.DATETIME: lambda value: value.to_native(),
    Kind.TIMESTAMP: lambda value: value.to_native(),
    Kind.TIMESTAMP_TZ: lambda value: value.to_native().astimezone(UTC),
    Kind.DURATION: _duration,
    Kind.POINT: tuple,
    Kind.BLOB: bytes,
    Kind.BYTES: bytes,
}
