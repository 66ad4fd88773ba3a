"""Neo4j with hostile settings and nodes of other programs: all are reported before one is deleted, and no value changes."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, LiteralString, cast

import pyarrow as pa
import pytest
from neo4j import GraphDatabase, NotificationMinimumSeverity, Query, Session
from neo4j.exceptions import Neo4jError

from core.errors import ServerError
from core.options import OnExisting
from core.plan import Shard
from core.schema.checks.neo4j import LONGEST_KEY
from core.schema.generators import Pattern
from core.schema.model import Column, Table
from core.schema.types import DataType, Kind
from core.stores import BULK, METHODS
from testkit.serving import PASSWORD, Served, serving
from tests.worker.sources.beds.neo4j import Neo4jBed
from tests.worker.sources.loading import DATASET, EVERY_KIND, KEYED, ROWS, connected, load, table_of, wide_table
from tests.worker.verify import campaign
from worker.encode.rows import Objects
from worker.sources.base import Source
from worker.sources.neo4j.source import Neo4j
from worker.sources.neo4j.types import cypher_type

BED = Neo4jBed()
_TIMEOUT_SECONDS = 1
_SETTINGS: Mapping[str, str] = {
    "initial.dbms.default_database": "elsewhere",
    "db.transaction.timeout": f"{_TIMEOUT_SECONDS}s",
    "db.transaction.monitor.check.interval": "100ms",
    "db.memory.transaction.max": "16m",
    "db.temporal.timezone": "+05:30",
    "db.tx_state.memory_allocation": "OFF_HEAP",
    "db.format": "standard",
    "dbms.cypher.hints_error": "true",
    "dbms.cypher.lenient_create_relationship": "true",
    "dbms.security.procedures.allowlist": "apoc.util.sleep",
}
_CHUNK = 4_000
"""Nodes that the tests' own transactions may create within the server's memory limit."""


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    given = " ".join(f"NEO4J_{name.replace('_', '__').replace('.', '_')}={value}" for name, value in _SETTINGS.items())
    start = f'export {given}; exec "$(command -v docker-entrypoint.sh || echo /startup/docker-entrypoint.sh)" neo4j'
    with pytest.MonkeyPatch.context() as patch:
        health = "infra.databases.neo4j._HEALTH"
        patch.setattr(health, _module_value(health).replace("/db/neo4j/", "/db/elsewhere/"))
        with serving("neo4j", arguments=("bash", "-c", start)) as server:
            # The string names no database, which means the user's home database.
            yield replace(server, connection=replace(server.connection, path=""))


def _module_value(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(__import__(module, fromlist=[name]), name)


@pytest.fixture(scope="module")
def session(served: Served) -> Iterator[Session]:
    at = f"bolt://{served.connection.host}:{served.connection.port}"
    quiet = NotificationMinimumSeverity.OFF
    with (
        GraphDatabase.driver(at, auth=("neo4j", PASSWORD), notifications_min_severity=quiet) as driver,
        driver.session() as opened,
    ):
        yield opened


@pytest.fixture
def source(served: Served, session: Session) -> Iterator[Source]:
    """Yield a source on a database without nodes, constraints and indexes."""
    while _run(session, f"MATCH (n) WITH n LIMIT {_CHUNK} DETACH DELETE n RETURN count(*) AS n")[0]["n"]:
        pass
    for row in _run(session, "SHOW CONSTRAINTS YIELD name"):
        _run(session, f"DROP CONSTRAINT `{row['name']}`")
    for row in _run(session, "SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP'"):
        _run(session, f"DROP INDEX `{row['name']}`")
    with connected("neo4j", served.connection) as opened:
        yield opened


def _run(session: Session, query: str, **parameters: Any) -> list[dict[str, Any]]:
    text = cast("LiteralString", query)  # type: ignore[redundant-cast]
    return [record.data() for record in session.run(Query(text, timeout=0), parameters)]


def _count(session: Session, label: str) -> int:
    return int(_run(session, f"MATCH (n:{label}) RETURN count(n) AS n")[0]["n"])


def _named(name: str) -> Table:
    return table_of(KEYED).model_copy(update={"name": name})


@pytest.mark.docker
@pytest.mark.parametrize("wish", [OnExisting.EMPTY, OnExisting.APPEND])
def test_prepare_raises_all_complaints_before_a_change(source: Source, session: Session, wish: OnExisting) -> None:
    names = ("plain", "linked", "labelled", "indexed", "repeating", "shaped", "misnamed", "absent")
    for query in (
        "CREATE (:plain {id: 'a'})-[:NEXT]->(:linked {id: 'a'})",
        "CREATE (:plain {id: 'b'}), (:labelled:Customer {id: 'a'}), (:labelled:Customer:Vip {id: 'b'})",
        "MATCH (n:linked) CREATE (n)-[:BOUGHT]->(:Product), (n)-[:BOUGHT]->(:Product), (n)<-[:OF]-()",
        "CREATE (:shaped {id: 'a', `order`: 'b', extra: 1})",
        "CREATE INDEX mine FOR (n:indexed) ON (n.id)",
        "CREATE CONSTRAINT once FOR (n:repeating) REQUIRE n.`order` IS UNIQUE",
        "CREATE CONSTRAINT `loadtest.misnamed.id` FOR (n:other) REQUIRE n.id IS UNIQUE",
    ):
        _run(session, query)
    before = _run(session, "MATCH (n) RETURN count(n) AS nodes, count{()-->()} AS relationships")
    with pytest.raises(ServerError) as refused:
        source.prepare([_named(name) for name in names], wish)
    text = str(refused.value)
    assert text.startswith("label 'linked', 'labelled', 'shaped' exists at bolt://")
    for said in (
        "linked: its nodes have 2 relationships of type 'BOUGHT' to nodes with the label 'Product', which Loadtest did not",
        "linked: its nodes have 1 relationships of type 'OF' from nodes with no label",
        "labelled: 2 of its nodes also have the label 'Customer', which Loadtest did not create; remove them",
        "labelled: 1 of its nodes also have the label 'Vip'",
        "indexed: id: has index 'mine', wanted a uniqueness constraint, which has an index of its own; DROP INDEX `mine`",
        "repeating: order: has a uniqueness constraint 'once', but the schema's values repeat; DROP CONSTRAINT `once`",
        "shaped: its nodes have extra, wanted no others",
        "misnamed: id: the name 'loadtest.misnamed.id' belongs to another constraint or index (['other'], ['id']); drop it",
    ):
        assert said in text
    assert "plain:" not in text
    assert "NEXT" not in text
    assert "\n" not in text
    assert _run(session, "MATCH (n) RETURN count(n) AS nodes, count{()-->()} AS relationships") == before
    assert len(_run(session, "SHOW CONSTRAINTS YIELD name")) == 2


@pytest.mark.docker
def test_only_the_runs_nodes_and_relationships_are_deleted(source: Source, session: Session) -> None:
    users, orders = _named("users"), _named("orders")
    _run(
        session,
        "CREATE (u:users {id: 'a'})-[:PLACED]->(:orders {id: 'a'})-[:AFTER]->(:orders {id: 'a'}), (u)-[:IS]->(u)",
    )
    _run(session, "CREATE (:Product {id: 1})-[:LIKE]->(:Product {id: 2})")
    source.prepare([users, orders], OnExisting.EMPTY)
    assert (_count(session, "users"), _count(session, "orders"), _count(session, "Product")) == (0, 0, 2)
    assert _run(session, "MATCH ()-[r]->() RETURN type(r) AS type") == [{"type": "LIKE"}]
    constrained = _run(session, "SHOW CONSTRAINTS YIELD labelsOrTypes AS labels, properties ORDER BY labels")
    assert [(row["labels"], row["properties"]) for row in constrained] == [(["orders"], ["id"]), (["users"], ["id"])]


@pytest.mark.docker
def test_append_needs_different_keys(source: Source, session: Session) -> None:
    _run(session, "CREATE (:users {id: 'a'}), (:users {id: 'a'}), (:orders {id: 'a'})")
    with pytest.raises(
        ServerError, match="users: id: its nodes have duplicate keys, wanted unique ones; delete the duplicates"
    ):
        source.prepare([_named("users"), _named("orders")], OnExisting.APPEND)
    assert (_count(session, "users"), _count(session, "orders")) == (2, 1)
    source.prepare([_named("orders")], OnExisting.APPEND)
    assert _count(session, "orders") == 1


@pytest.mark.docker
def test_retry_keeps_relationships_of_other_programs(source: Source, session: Session) -> None:
    table = table_of(EVERY_KIND)
    source.prepare([table], OnExisting.EMPTY)
    load(source, EVERY_KIND, rows=10)
    _run(session, f"MATCH (n:{EVERY_KIND} {{id: 5}}) CREATE (n)<-[:LIKE]-(:Product)")
    with pytest.raises(
        ServerError, match=r"still has relationships.*; remove the relationships, which Loadtest did not"
    ):
        load(source, EVERY_KIND, rows=10, redo=True)
    assert _count(session, EVERY_KIND) == 10


@pytest.mark.docker
def test_emptying_respects_memory_limit(source: Source, session: Session) -> None:
    for _ in range(3):
        _run(session, f"UNWIND range(1, {_CHUNK}) AS n CREATE (:plain {{id: randomUUID(), `order`: 'row'}})")
    with pytest.raises(Neo4jError, match=r"db\.memory\.transaction\.max"):
        _run(session, "MATCH (n:plain) WITH n LIMIT 10000 DELETE n")
    source.prepare([_named("plain")], OnExisting.EMPTY)
    assert _count(session, "plain") == 0


@pytest.mark.docker
@pytest.mark.parametrize("method", METHODS)
def test_hostile_settings_change_no_value(served: Served, source: Source, method: str) -> None:
    table = table_of(EVERY_KIND)
    source.prepare([table], OnExisting.EMPTY)
    load(source, EVERY_KIND, method=method)
    load(source, EVERY_KIND, method=method, redo=True)
    assert source.count(table) == ROWS
    found = sorted(BED.rows(served, table), key=lambda row: row["id"])
    assert found == sorted(BED.expected(table, DATASET.table(EVERY_KIND).batch(0, ROWS)), key=lambda row: row["id"])
    campaign.write(source, EVERY_KIND, campaign.rows_of(EVERY_KIND))
    assert [each.matched for each in campaign.verified(source, EVERY_KIND)] == [campaign.ROWS]


@pytest.mark.docker
def test_transaction_may_exceed_server_timeout(source: Source, session: Session) -> None:
    with pytest.raises(Neo4jError, match="has been terminated"):
        session.run(f"CALL apoc.util.sleep({_TIMEOUT_SECONDS * 2000})").consume()
    data = DATASET.table(KEYED)
    source.prepare([data.table], OnExisting.EMPTY)

    def slow(rows: Objects) -> Iterator[Objects]:
        yield rows.part(0, 10)
        time.sleep(_TIMEOUT_SECONDS * 1.5)
        yield rows.part(10, 20)

    with source.sink(data.table, Shard(table=KEYED, seed=42, first_row=0, rows=20), BULK) as sink:
        sink.send(slow(sink.encode(data.batch(0, 20))))
    assert source.count(data.table) == 20


@pytest.mark.docker
def test_memory_limit_is_named(served: Served, source: Source, session: Session) -> None:
    value = "x" * 1_000_000
    table = wide_table(value)
    _run(session, "CREATE (:wide {id: 1})")
    wide = Neo4j(served.connection, batch_rows=20)
    try:
        wide.connect()
        with pytest.raises(
            ServerError, match=r"db.memory.transaction.max=16.00MiB, wanted 20,\d+,\d+ bytes for a batch"
        ):
            wide.prepare([table], OnExisting.EMPTY)
    finally:
        wide.close()
    assert _count(session, "wide") == 1
    source.prepare([table], OnExisting.EMPTY)
    rows = pa.RecordBatch.from_pydict({"id": list(range(40)), "wide": [value] * 40})
    with (
        pytest.raises(ServerError, match=r"; lower batchSize, or raise db\.memory\.transaction\.max") as refused,
        source.sink(table, Shard(table="wide", seed=42, first_row=0, rows=40), BULK) as sink,
    ):
        sink.send(iter([sink.encode(rows)]))
    assert not refused.value.transient


@pytest.mark.docker
@pytest.mark.parametrize(("length", "fits"), [(LONGEST_KEY, True), (LONGEST_KEY + 10, False)])
def test_longest_key_is_accepted_and_longer_refused(source: Source, length: int, fits: bool) -> None:
    key = Column(name="id", type=DataType(kind=Kind.TEXT), generator=Pattern(pattern="x"))
    table = Table(name="long", primary_key="id", columns=(key,))
    source.prepare([table], OnExisting.EMPTY)

    def send() -> None:
        with source.sink(table, Shard(table="long", seed=42, first_row=0, rows=1), BULK) as sink:
            sink.send(iter([sink.encode(pa.RecordBatch.from_pydict({"id": ["x" * length]}))]))

    if fits:
        send()
        assert source.count(table) == 1
    else:
        with pytest.raises(ServerError, match=r"too large to index.*; make the values shorter"):
            send()


@pytest.mark.docker
@pytest.mark.parametrize("scheme", ["bolt+s", "bolt+ssc", "neo4j+s", "neo4j+ssc"])
def test_server_without_tls_is_refused_at_once(served: Served, scheme: str) -> None:
    source = Neo4j(replace(served.connection, scheme=scheme))
    with pytest.raises(ServerError, match=rf"the server speaks no TLS; write {scheme.partition('+')[0]}://") as refused:
        source.connect()
    source.close()
    assert not refused.value.transient


@pytest.mark.docker
def test_system_database_is_refused(served: Served) -> None:
    source = Neo4j(replace(served.connection, path="/system"))
    with pytest.raises(
        ServerError, match="'system' is Neo4j's own database, which cannot store nodes; name another"
    ) as refused:
        source.connect()
    source.close()
    assert not refused.value.transient


@pytest.mark.docker
def test_cypher_types_match_server(source: Source, session: Session) -> None:
    table = table_of(EVERY_KIND)
    source.prepare([table], OnExisting.EMPTY)
    load(source, EVERY_KIND)
    query = f"MATCH (n:{EVERY_KIND}) UNWIND keys(n) AS key RETURN DISTINCT key, valueType(n[key]) AS type"
    found: dict[str, set[str]] = {}
    for row in _run(session, query):
        found.setdefault(row["key"], set()).add(row["type"].removesuffix(" NOT NULL"))
    for column in table.columns:
        assert found[column.name] - {"LIST<NOTHING>"} == {cypher_type(column.type)}, column.name
