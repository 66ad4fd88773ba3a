"""Neo4j: UNWIND of rows in bounded transactions; a node per row, labelled with the table's name."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pyarrow as pa
from neo4j import Driver, GraphDatabase, NotificationMinimumSeverity
from neo4j.exceptions import DriverError, Neo4jError

from core.connection import Connection
from core.errors import ServerError
from core.options import OnExisting
from core.plan import Shard
from core.schema.model import Table
from core.stores import INSERT, NEO4J
from worker.encode.bolt import BoltEncoder
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
from worker.sources.neo4j import column_reader, reader
from worker.sources.neo4j.connection import Neo4jSession, arguments, open_session, server_lacks_tls
from worker.sources.neo4j.ddl import name
from worker.sources.neo4j.errors import server_error
from worker.sources.neo4j.prepare import delete_all, prepare
from worker.sources.neo4j.sinks import CreateSink, UnwindSink
from worker.sources.neo4j.types import TYPES
from worker.sources.tls_hint import connect_or_name_tls

_SETTINGS = (
    "server.memory.heap.max_size", "server.memory.pagecache.size", "db.tx_log.rotation.size",
    "db.tx_log.rotation.retention_policy", "db.memory.transaction.max", "db.transaction.timeout",
)  # fmt: skip


def open_source(connection: Connection, slot: WorkerSlot) -> "Neo4j":
    """Return the source of a connection string, not connected yet."""
    return Neo4j(connection, slot.plan.batch_size if slot.plan else 0)


class Neo4j(BaseSource):
    """One session. A batch is one transaction."""

    capabilities = NEO4J
    types = TYPES

    def __init__(self, connection: Connection, batch_rows: int = 0) -> None:
        self._at = connection
        self._batch_rows = batch_rows
        self._arguments = arguments(connection)
        self._driver: Driver | None = None
        self._session: Neo4jSession | None = None

    @contextmanager
    def translate_errors(self) -> Iterator[None]:
        """Raise ServerError in place of the driver's errors."""
        try:
            yield
        except (Neo4jError, DriverError, OSError) as error:
            raise server_error(error, self._at) from error

    def connect(self) -> None:
        """Try once to connect. If the string requires TLS and the server lacks it, the error names TLS."""
        plain = self._at.scheme.partition("+")[0]
        remedy = f"write {plain}://, or switch TLS on for the server's Bolt connector"
        connect_or_name_tls(self._open, self._at, server_lacks_tls, remedy)

    def _open(self) -> None:
        self.close()
        with self.translate_errors():
            self._driver = GraphDatabase.driver(
                **self._arguments,
                connection_timeout=10,
                connection_acquisition_timeout=15,
                notifications_min_severity=NotificationMinimumSeverity.OFF,
                telemetry_disabled=True,
            )
            self._session = open_session(self._driver, self._at)

    def prepare(self, tables: Sequence[Table], on_existing: OnExisting, check: Check = accept) -> Sequence[str]:
        """Create a uniqueness constraint on each label's key, which is also its index; each step may be repeated."""
        prepare(self._server, self._at, tables, on_existing, check, self._batch_rows)
        return ()

    @contextmanager
    def sink(self, table: Table, shard: Shard, method: str) -> Iterator[Sink[Any]]:  # noqa: ARG002
        """Yield a sink for UNWIND, or for one CREATE per row."""
        yield (CreateSink if method == INSERT else UnwindSink)(self._server, table)

    def remove(self, table: Table, keys: KeyRange | pa.Array) -> None:
        """Delete the nodes with these keys and no other label; the server refuses to delete one with a relationship."""
        for match, values in _matches(table, keys):
            deletion = "WITH n WHERE size(labels(n)) = 1 WITH n LIMIT $most DELETE n RETURN count(*)"
            delete_all(self._server, f"{match} {deletion}", **values)

    def contains_any(self, table: Table, keys: KeyRange | pa.Array) -> bool:
        """Return whether a node has one of these keys."""
        return any(self._server.rows(f"{match} RETURN 1 LIMIT 1", **values) for match, values in _matches(table, keys))

    def count(self, table: Table) -> int:
        """Return `count(n)` of the label's nodes."""
        ((count,),) = self._server.rows(f"MATCH (n:{name(table.name)}) RETURN count(n)")
        return int(count)

    def read(self, table: Table, scope: Scope) -> Iterator[pa.RecordBatch]:
        """Yield the nodes of a scope: a span of keys, or every node with the label."""
        yield from reader.read(self._server, table, scope)

    def compare(self, table: Table, scope: Scope, generated: Generated) -> Iterator[Returned]:
        """Yield the same nodes as columns of numbers and texts, if each kind of the table has such a form."""
        if column_reader.has_columns(table):
            yield from column_reader.read(self._server, table, scope)
        else:
            yield from super().compare(table, scope, generated)

    def settings(self) -> Mapping[str, str]:
        """Return the version, and the settings that affect a load as far as the user may read them."""
        refused: dict[str, str] = {}
        return {
            **self.readable("version", self._version, refused),
            **self.readable("server settings", self._server_settings, refused),
            **refused,
        }

    def _version(self) -> Mapping[str, str]:
        ((version, edition),) = self._server.rows(
            "CALL dbms.components() YIELD versions, edition RETURN versions[0], edition LIMIT 1"
        )
        return {"version": f"{version} {edition}"}

    def _server_settings(self) -> Mapping[str, str]:
        query = "SHOW SETTINGS YIELD name, value WHERE name IN $names RETURN name, value"
        return {str(key): str(value) for key, value in sorted(self._server.rows(query, names=_SETTINGS))}

    def close(self) -> None:
        """Release the connection."""
        # A session that has lost its server raises an error, and has nothing left to release.
        with suppress(Neo4jError, DriverError, OSError):
            if self._session is not None:
                self._session.close()
        if self._driver is not None:
            self._driver.close()
        self._driver = self._session = None

    @property
    def _server(self) -> Neo4jSession:
        if self._session is None:
            raise ServerError(f"{self._at}: not connected", transient=True)
        return self._session


def _matches(table: Table, keys: KeyRange | pa.Array) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the patterns that together match the nodes `n` with these keys, each with its parameters."""
    label, key = name(table.name), name(table.primary_key)
    if isinstance(keys, KeyRange):
        yield f"MATCH (n:{label}) WHERE n.{key} >= $low AND n.{key} <= $high", {"low": keys.low, "high": keys.high}
        return
    alone = Table(name=table.name, primary_key=table.primary_key, columns=(table.key,))
    batch = pa.RecordBatch.from_arrays([keys], names=[table.primary_key])
    values = [row[0] for row in BoltEncoder(alone).encode(batch).rows]
    for first in range(0, len(values), ROWS_PER_STATEMENT):
        yield (
            f"UNWIND $keys AS key MATCH (n:{label} {{{key}: key}})",
            {"keys": values[first : first + ROWS_PER_STATEMENT]},
        )
