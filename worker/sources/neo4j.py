"""Neo4j: UNWIND of rows in bounded transactions; a node per row, labelled with the table's name."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, LiteralString, cast

import pyarrow as pa
from neo4j import Driver, GraphDatabase, NotificationMinimumSeverity, Record, Session
from neo4j.exceptions import DriverError, Neo4jError

from spec.connection import Connection
from spec.errors import ServerError
from spec.plan import OnExisting, Shard
from spec.schema import Column, Table
from spec.sources import INSERT, NEO4J
from worker.encode.bolt import BoltEncoder
from worker.encode.objects import Objects
from worker.sources import neo4j_read
from worker.sources.base import Fingerprint, KeyRange, Scope, Seat, Sent, Sink
from worker.sources.existing import in_another_shape, not_to_be_touched
from worker.sources.neo4j_connection import arguments
from worker.sources.neo4j_errors import server_error
from worker.sources.server_settings import readable

_DATABASE = "neo4j"
"""The one that a server has without being asked."""
_KEYS_A_DELETE = 1_000
_NODES_A_DELETE = 10_000
_INDEX_SECONDS = 60
_SETTINGS = (
    "server.memory.heap.max_size", "server.memory.pagecache.size", "db.tx_log.rotation.size",
    "db.tx_log.rotation.retention_policy",
)  # fmt: skip


def open_source(connection: Connection, _: Seat) -> "Neo4j":
    """The source of a connection string, not connected yet."""
    return Neo4j(connection)


class Neo4j:
    """One session. A batch is one transaction."""

    capabilities = NEO4J

    def __init__(self, connection: Connection) -> None:
        self._at = connection
        self._arguments = arguments(connection)
        self._driver: Driver | None = None
        self._session: Session | None = None

    def connect(self) -> None:
        """One try; raises ServerError, transient unless the server answered with a refusal that stays."""
        self.close()
        with self._named():
            self._driver = GraphDatabase.driver(
                **self._arguments,
                connection_timeout=10,
                connection_acquisition_timeout=15,
                notifications_min_severity=NotificationMinimumSeverity.OFF,
                telemetry_disabled=True,
            )
            self._session = self._driver.session(database=self._at.database or _DATABASE)
            self._run("RETURN 1")

    def prepare(self, tables: Sequence[Table], on_existing: OnExisting) -> Sequence[str]:
        """A uniqueness constraint on each label's key, which is its index too; each step may be repeated."""
        with self._named():
            for table in tables:
                found = self._shape(table)
                if found and not found <= {column.name for column in table.columns}:
                    raise in_another_shape("label", table.name, self._at, ", ".join(sorted(found)))
                if on_existing is OnExisting.FAIL and (found or self._has_constraint(table)):
                    raise not_to_be_touched("label", table.name, self._at)
                if on_existing is OnExisting.EMPTY and found:
                    self._empty(table)
                self._run(_constraint(table))
            self._run("CALL db.awaitIndexes($seconds)", seconds=_INDEX_SECONDS)
        return ()

    @contextmanager
    def sink(self, table: Table, shard: Shard, method: str) -> Iterator[Sink[Any]]:  # noqa: ARG002
        """UNWIND, or a CREATE a row."""
        with self._named():
            yield (CreateSink if method == INSERT else UnwindSink)(self._server, table)

    def remove(self, table: Table, keys: KeyRange | pa.Array) -> None:
        """Delete the nodes with these keys."""
        with self._named():
            for match, values in _matches(table, keys):
                self._run(f"{match} DETACH DELETE n", **values)

    def holds(self, table: Table, keys: KeyRange | pa.Array) -> bool:
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
            if scope.leads:
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
                still = self._server.run(_cypher(f"{nodes} WHERE elementId(n) IN $going RETURN properties(n)"), bounds)
                yield from neo4j_read.read(still, table)

    def held(self, column: Column, values: pa.Array) -> pa.Array:  # noqa: ARG002
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

    def _shape(self, table: Table) -> set[str]:
        """The properties of one node, which stands for all; a null is no property, so that some may be missing."""
        nodes = self._run(f"MATCH (n:{_name(table.name)}) RETURN keys(n) LIMIT 1")
        return set(nodes[0][0]) if nodes else set()

    def _has_constraint(self, table: Table) -> bool:
        shown = "SHOW CONSTRAINTS YIELD labelsOrTypes WHERE $label IN labelsOrTypes RETURN count(*)"
        ((count,),) = self._run(shown, label=table.name)
        return bool(count)

    def _empty(self, table: Table) -> None:
        """In transactions of a bounded size: the server holds what one deletes in its heap."""
        deleted = f"MATCH (n:{_name(table.name)}) CALL {{ WITH n DETACH DELETE n }} IN TRANSACTIONS OF"
        self._run(f"{deleted} {_NODES_A_DELETE} ROWS")

    def _keyed(self, query: str, bounds: dict[str, Any], keyless: list[str]) -> Iterator[Record]:
        """The query's nodes that have a key; the others' own names are added to the list."""
        for record in self._server.run(_cypher(query), bounds):
            if record[1] is None:
                yield record
            else:
                keyless.append(record[1])

    def _run(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        return [tuple(record) for record in self._server.run(_cypher(query), parameters)]

    @property
    def _server(self) -> Session:
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


class UnwindSink:
    """A statement a piece, all of a batch in one transaction; the plan of the statement is made once."""

    def __init__(self, session: Session, table: Table) -> None:
        self._session = session
        self._encoder = BoltEncoder(table)
        self._query = _cypher(f"UNWIND $rows AS row CREATE ({_node(table, 'row')})")

    def encode(self, batch: pa.RecordBatch) -> Objects:
        """Lists of values, for the driver to pack."""
        return self._encoder.encode(batch)

    def send(self, pieces: Iterator[Objects]) -> Sent:
        """One transaction, which the driver does not try again: what a lost commit did is not known."""
        sent = 0
        with self._session.begin_transaction() as transaction:
            for piece in pieces:
                transaction.run(self._query, {"rows": piece.rows}).consume()
                sent += piece.nbytes
            written = time.perf_counter()
            transaction.commit()
        return Sent(sent, time.perf_counter() - written)


class CreateSink:
    """A CREATE a row, each a round trip, all of a batch in one transaction."""

    def __init__(self, session: Session, table: Table) -> None:
        self._session = session
        self._encoder = BoltEncoder(table)
        self._query = _cypher(f"CREATE ({_node(table, '$row')})")

    def encode(self, batch: pa.RecordBatch) -> Objects:
        """Lists of values, for the driver to pack."""
        return self._encoder.encode(batch)

    def send(self, pieces: Iterator[Objects]) -> Sent:
        """As many statements as rows."""
        sent = 0
        with self._session.begin_transaction() as transaction:
            for piece in pieces:
                for row in piece.rows:
                    transaction.run(self._query, {"row": row}).consume()
                sent += piece.nbytes
            written = time.perf_counter()
            transaction.commit()
        return Sent(sent, time.perf_counter() - written)


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


def _node(table: Table, row: str) -> str:
    """A node's pattern, its values by their place: a row as a map would name every property in every row."""
    properties = ", ".join(f"{_name(column.name)}: {row}[{place}]" for place, column in enumerate(table.columns))
    return f"n:{_name(table.name)} {{{properties}}}"


def _constraint(table: Table) -> str:
    label, key = _name(table.name), _name(table.primary_key)
    name = _name(f"loadtest_{table.name}_{table.primary_key}")
    return f"CREATE CONSTRAINT {name} IF NOT EXISTS FOR (n:{label}) REQUIRE n.{key} IS UNIQUE"


def _batch_of(table: Table, keys: pa.Array) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([keys], names=[table.primary_key])


def _name(of: str) -> str:
    return "`" + of.replace("`", "``") + "`"


def _cypher(query: str) -> LiteralString:
    """The driver takes literals only, against injection; every name in ours is quoted, every value a parameter."""
    return cast("LiteralString", query)  # type: ignore[redundant-cast]
