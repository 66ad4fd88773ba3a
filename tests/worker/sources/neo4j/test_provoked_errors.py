"""Each error that a Neo4j server can be made to give has the remedy for its cause."""

from collections.abc import Iterator
from typing import Any, LiteralString, cast

import pytest
from neo4j import READ_ACCESS, Driver, GraphDatabase, NotificationMinimumSeverity, Query
from neo4j.exceptions import Neo4jError

from core.errors import ServerError
from core.options import OnExisting
from core.plan import BASE_INSTANT, Shard
from core.schema.generators import Sequential, Static
from core.schema.model import Column, Schema, Table
from core.schema.types import DataType, Kind
from core.stores import BULK
from testkit.serving import PASSWORD, Served, serving
from tests.worker.sources.loading import connected
from worker.generate import Dataset
from worker.sources.known_errors import UNKNOWN
from worker.sources.neo4j.errors import server_error, title_of

pytestmark = pytest.mark.docker
_SETTINGS = "NEO4J_db_memory_transaction_max=16m NEO4J_db_lock_acquisition_timeout=1s"
_START = f'export {_SETTINGS}; exec "$(command -v docker-entrypoint.sh || echo /startup/docker-entrypoint.sh)" neo4j'
PROVOKED = {
    "duplicate": ("CREATE (:made {id: 1})", "Schema.ConstraintValidationFailed", "without these keys and constraints"),
    "related": ("MATCH (n:made) CREATE (n)-[:R]->(:other) DELETE n", "Schema.ConstraintValidationFailed", "relationships"),
    "nodes": (
        "CREATE CONSTRAINT FOR (n:twice) REQUIRE n.id IS UNIQUE", "Schema.ConstraintCreationFailed", "with equal keys"
    ),
    "constraint": (
        "CREATE CONSTRAINT mine FOR (n:other) REQUIRE n.id IS UNIQUE", "Schema.ConstraintWithNameAlreadyExists", "drop the"
    ),
    "again": (
        "CREATE CONSTRAINT mine FOR (n:made) REQUIRE n.id IS UNIQUE", "Schema.EquivalentSchemaRuleAlreadyExists", "drop the"
    ),
    "index": ("CREATE INDEX own FOR (n:other) ON (n.id)", "Schema.IndexWithNameAlreadyExists", "drop the"),
    "large": ("CREATE (:made {id: reduce(t = 'x', i IN range(1, 15) | t + t)})", "", "an index takes 8,160 bytes"),
    "syntax": ("MATCH", "Statement.SyntaxError", "connect to Neo4j 5 itself"),
    "parameter": ("RETURN $missing", "Statement.ParameterMissing", "connect to Neo4j 5 itself"),
    "type": ("CREATE (:other {a: {b: 1}})", "Statement.TypeError", "a column type in the schema"),
    "division": ("RETURN 1 / 0", "Statement.ArithmeticError", "a column type in the schema"),
    "procedure": ("CALL missing.procedure()", "Procedure.ProcedureNotFound", "connect to Neo4j 5 itself"),
    "memory": (
        "UNWIND range(1, 2000000) AS i RETURN collect(i)", "General.MemoryPoolOutOfMemoryError",
        "raise db.memory.transaction.max",
    ),
}  # fmt: skip
"""Statements, the end of the code with which they fail, and words of the remedy."""


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving("neo4j", arguments=("bash", "-c", _START)) as server:
        yield server


@pytest.fixture(scope="module")
def driver(served: Served) -> Iterator[Driver]:
    at = f"bolt://{served.connection.host}:7687"
    quiet = NotificationMinimumSeverity.OFF
    with GraphDatabase.driver(at, auth=("neo4j", PASSWORD), notifications_min_severity=quiet) as opened:
        for query in (
            "CREATE CONSTRAINT mine FOR (n:made) REQUIRE n.id IS UNIQUE",
            "CREATE INDEX own FOR (n:made) ON (n.other)",
            "CREATE (:made {id: 1}), (:twice {id: 1}), (:twice {id: 1})",
        ):
            opened.execute_query(query)
        yield opened


def _fails(driver: Driver, query: str, **given: Any) -> Neo4jError:
    with driver.session(**given) as session, pytest.raises(Neo4jError) as raised:
        session.run(Query(cast("LiteralString", query))).consume()  # type: ignore[redundant-cast]
    return raised.value


def _line(served: Served, error: Neo4jError) -> str:
    line = str(server_error(error, served.connection))
    assert not line.endswith(UNKNOWN), error.code
    return line


@pytest.mark.parametrize("case", PROVOKED)
def test_provoked_error_has_remedy_for_its_cause(served: Served, driver: Driver, case: str) -> None:
    query, title, remedy = PROVOKED[case]
    error = _fails(driver, query)
    line = _line(served, error)
    assert title_of(error.code or "").endswith(title), line
    assert remedy in line


def test_refusals_of_the_session_have_remedies(served: Served, driver: Driver) -> None:
    missing = _fails(driver, "RETURN 1", database="missing")
    assert "create the database" in _line(served, missing)
    reading = _fails(driver, "CREATE ()", default_access_mode=READ_ACCESS)
    assert "make the database writable" in _line(served, reading)
    edition = _fails(driver, "CREATE DATABASE another", database="system")
    assert "the edition that has it" in _line(served, edition)


def test_locked_node_names_the_transaction_to_end(served: Served, driver: Driver) -> None:
    with driver.session() as other, other.begin_transaction() as transaction:
        transaction.run("MATCH (n:made) SET n.other = 1").consume()
        error = _fails(driver, "MATCH (n:made) SET n.other = 2")
        transaction.rollback()
    assert error.code == "Neo.TransientError.Transaction.LockAcquisitionTimeout"
    assert "SHOW TRANSACTIONS" in _line(served, error)


def test_batch_beyond_transaction_memory_names_the_setting(served: Served) -> None:
    key = Column(name="id", type=DataType(kind=Kind.INT64), generator=Sequential())
    text = Column(name="text", type=DataType(kind=Kind.TEXT), generator=Static(value="x" * 20_000))
    table = Table(name="large", primary_key="id", columns=(key, text))
    batch = (
        Dataset(Schema(tables=(table,)), seed=1, rows=2_000, base_instant=BASE_INSTANT).table("large").batch(0, 2_000)
    )
    with connected("neo4j", served.connection) as source:
        source.prepare([table], OnExisting.EMPTY)
        with (
            pytest.raises(ServerError, match=r"lower batchSize, or raise db\.memory\.transaction\.max") as raised,
            source.sink(table, Shard(table="large", seed=1, first_row=0, rows=2_000), BULK) as sink,
        ):
            sink.send(iter([sink.encode(batch)]))
    assert "reachable" not in str(raised.value)
