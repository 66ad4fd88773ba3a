"""Neo4j: UNWIND of rows in bounded transactions; a node per row, labelled with the table's name."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pyarrow as pa
from neo4j import Driver, GraphDatabase, NotificationMinimumSeverity, Record
from neo4j.exceptions import DriverError, Neo4jError

from core.connection import Connection
from core.errors import ServerError
from core.plan import OnExisting, Shard
from core.schema.model import Column, Table
from core.stores import INSERT, NEO4J
from worker.encode.bolt import BoltEncoder
from worker.sources.base import Fingerprint, KeyRange, Scope, Sink, WorkerSlot
from worker.sources.neo4j import reader as neo4j_read
from worker.sources.neo4j.connection import arguments, refuses_tls
from worker.sources.neo4j.cypher import name as _name
from worker.sources.neo4j.delete import delete_all
from worker.sources.neo4j.errors import server_error
from worker.sources.neo4j.prepare import prepare
from worker.sources.neo4j.session import Neo4jSession, open_session
from worker.sources.neo4j.sinks import CreateSink, UnwindSink
from worker.sources.server_settings import readable

_KEYS_A_DELETE = 1_000
_SETTINGS = (
    "server.memory.heap.max_size", "server.memory.pagecache.size", "db.tx_log.rotation.size",
    "db.tx_log.rotation.retention_policy", "db.memory.transaction.max", "db.transaction.timeout",
)  # fmt: skip


def open_source(connection: Connection, slot: WorkerSlot) -> "Neo4j":
    """The source of a connection string, not connected yet."""
    return Neo4j(connection, slot.plan.batch_size if slot.plan else 0)


class Neo4j:
    """One session. A batch is one transaction."""

    capabilities = NEO4J

    def __init__(self, connection: Connection, batch_rows: int = 0) -> None:
        self._at = connection
        self._batch_rows = batch_rows
        self._arguments = arguments(connection)
        self._driver: Driver | None = None
        self._session: Neo4jSession | None = None

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
            self._driver = GraphDatabase.driver(
                **self._arguments,
                connection_timeout=10,
                connection_acquisition_timeout=15,
                notifications_min_severity=NotificationMinimumSeverity.OFF,
                telemetry_disabled=True,
            )
            self._session = open_session(self._driver, self._at)

    def _open_again(self) -> None:
        try:
            self._open()
        except ServerError as error:
            if not error.transient:
                raise
            plain = self._at.scheme.partition("+")[0]
            said = f"the server speaks no TLS; write {plain}://, or switch TLS on for the server's Bolt connector"
            raise ServerError(f"{self._at}: {said}", transient=False) from error

    def prepare(self, tables: Sequence[Table], on_existing: OnExisting) -> Sequence[str]:
        """A uniqueness constraint on each label's key, which is its index too; each step may be repeated."""
        with self._named():
            prepare(self._server, self._at, tables, on_existing, self._batch_rows)
        return ()

    @contextmanager
    def sink(self, table: Table, shard: Shard, method: str) -> Iterator[Sink[Any]]:  # noqa: ARG002
        """UNWIND, or a CREATE a row."""
        with self._named():
            yield (CreateSink if method == INSERT else UnwindSink)(self._server, table)

    def remove(self, table: Table, keys: KeyRange | pa.Array) -> None:
        """Delete the nodes with these keys and no other label; the server refuses it for one with a relationship."""
        with self._named():
            for match, values in _matches(table, keys):
                deletion = "WITH n WHERE size(labels(n)) = 1 WITH n LIMIT $most DELETE n RETURN count(*)"
                delete_all(self._server, f"{match} {deletion}", **values)

    def contains_any(self, table: Table, keys: KeyRange | pa.Array) -> bool:
        """Whether a node has one of these keys."""
        with self._named():
            return any(self._run(f"{match} RETURN 1 LIMIT 1", **values) for match, values in _matches(table, keys))

    def count(self, table: Table) -> int:
        """`count(n)` of the label's nodes."""
        with self._named():
            ((count,),) = self._run(f"MATCH (n:{_name(table.name)}) RETURN count(n)")
            return int(count)

    def read(self, table: Table, scope: Scope) -> Iterator[pa.RecordBatch]:
        """The nodes of a span of keys, or all; one whose key is no number is in no span, and read by the leader.

        Nothing isolates a reader: a node that another worker deletes meanwhile may come without any property. Nodes without
        a key are looked at a second time, when those that are still there are told from those that were going.
        """
        key = f"n.{_name(table.primary_key)}"
        where, bounds = "", dict[str, Any]()
        first, stop = scope.keys or (None, None)
        if first is not None or stop is not None:
            bounds = {"first": first, "stop": stop}
            signs = {"first": ">=", "stop": "<"}
            where = " WHERE " + " AND ".join(
                f"{key} {signs[name]} ${name}" for name in bounds if bounds[name] is not None
            )
            if scope.checks_unowned_rows:
                # NaN alone differs from itself.
                where += f" OR {key} IS NULL OR {key} <> {key} OR NOT ({key} IS :: INTEGER OR {key} IS :: FLOAT)"
        # Not the nodes themselves: the driver remembers each that it gives out for as long as the result lives.
        nodes = f"MATCH (n:{_name(table.name)})"
        values = f"RETURN properties(n), CASE WHEN {key} IS NULL THEN elementId(n) END"
        keyless: list[str] = []
        with self._named():
            yield from neo4j_read.read(self._keyed(f"{nodes}{where} {values}", bounds, keyless), table)
            if keyless:
                bounds = {"going": keyless}
                still = self._server.run(f"{nodes} WHERE elementId(n) IN $going RETURN properties(n)", bounds)
                yield from neo4j_read.read(still, table)

    def as_stored(self, column: Column, values: pa.Array) -> pa.Array:  # noqa: ARG002
        """The values themselves: what the server has no type for is kept as text."""
        return values

    def fingerprint(self, table: Table, scope: Scope) -> Fingerprint | None:  # noqa: ARG002
        """None: it has no hash without a plugin."""
        return None

    def settings(self) -> Mapping[str, str]:
        """The version, and the settings that bear on a load as far as the user may see them."""
        refused: dict[str, str] = {}
        return {
            **readable("version", self._version, refused),
            **readable("server settings", self._server_settings, refused),
            **refused,
        }

    def _version(self) -> Mapping[str, str]:
        with self._named():
            ((version, edition),) = self._run(
                "CALL dbms.components() YIELD versions, edition RETURN versions[0], edition LIMIT 1"
            )
            return {"version": f"{version} {edition}"}

    def _server_settings(self) -> Mapping[str, str]:
        with self._named():
            found = self._run(
                "SHOW SETTINGS YIELD name, value WHERE name IN $names RETURN name, value", names=_SETTINGS
            )
            return {str(name): str(value) for name, value in sorted(found)}

    def close(self) -> None:
        """Release the connection."""
        # A session that has lost its server complains; there is nothing left to release then.
        with suppress(Neo4jError, DriverError, OSError):
            if self._session is not None:
                self._session.close()
        if self._driver is not None:
            self._driver.close()
        self._driver = self._session = None

    def _keyed(self, query: str, bounds: dict[str, Any], keyless: list[str]) -> Iterator[Record]:
        """The query's nodes that have a key; the others' own names are added to the list."""
        for record in self._server.run(query, bounds):
            if record[1] is None:
                yield record
            else:
                keyless.append(record[1])

    def _run(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        return self._server.rows(query, **parameters)

    @property
    def _server(self) -> Neo4jSession:
        if self._session is None:
            raise ServerError(f"{self._at}: not connected", transient=True)
        return self._session

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Turn the driver's errors into ours, with the place and a remedy."""
        try:
            yield
        except (Neo4jError, DriverError, OSError) as error:
            raise server_error(error, self._at) from error


def _matches(table: Table, keys: KeyRange | pa.Array) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the patterns that together match the nodes `n` with these keys, each with its parameters."""
    label, key = _name(table.name), _name(table.primary_key)
    if isinstance(keys, KeyRange):
        yield f"MATCH (n:{label}) WHERE n.{key} >= $low AND n.{key} <= $high", {"low": keys.low, "high": keys.high}
        return
    alone = Table(name=table.name, primary_key=table.primary_key, columns=(table.key,))
    values = [row[0] for row in BoltEncoder(alone).encode(_batch_of(table, keys)).rows]
    for first in range(0, len(values), _KEYS_A_DELETE):
        yield f"UNWIND $keys AS key MATCH (n:{label} {{{key}: key}})", {"keys": values[first : first + _KEYS_A_DELETE]}


def _batch_of(table: Table, keys: pa.Array) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([keys], names=[table.primary_key])
