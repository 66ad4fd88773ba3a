"""Deletions in transactions of a bounded size, which a session's timeout covers, of nodes and relationships of a run alone."""

from collections.abc import Sequence
from typing import Any

from neo4j.exceptions import Neo4jError

from core.schema.model import Table
from worker.sources.neo4j.cypher import name
from worker.sources.neo4j.session import Neo4jSession

_MOST = 10_000
_OUT_OF_MEMORY = "Neo.TransientError.General.MemoryPoolOutOfMemoryError"
_DEADLOCK = "Neo.TransientError.Transaction.DeadlockDetected"
_ANY_OF_OURS = "any(label IN labels(m) WHERE label IN $tables)"


def empty(session: Neo4jSession, table: Table, tables: Sequence[str]) -> None:
    """Delete the label's nodes, and relationships between nodes of the run's labels, in transactions of a bounded size.

    A relationship that leads elsewhere, or another label, that came after the inspection stays: such a node is not deleted.
    Not CALL … IN TRANSACTIONS: the timeout of its transactions is the server's.
    """
    label = name(table.name)
    if session.rows(f"MATCH (n:{label})-[r]-() RETURN 1 LIMIT 1"):
        _empty_related(session, label, tables)
        return
    nodes = f"MATCH (n:{label}) WHERE size(labels(n)) = 1 WITH n LIMIT $most DELETE n RETURN count(*)"
    delete_all(session, nodes)


def _empty_related(session: Neo4jSession, label: str, tables: Sequence[str]) -> None:
    ids = f"MATCH (n:{label}) WHERE size(labels(n)) = 1 RETURN id(n) LIMIT {_MOST}"
    given = f"MATCH (n:{label}) WHERE id(n) IN $ids"
    related = f"{given} MATCH (n)-[r]-(m) WHERE {_ANY_OF_OURS} WITH DISTINCT r LIMIT $most DELETE r RETURN count(*)"
    while found := [each for (each,) in session.rows(ids)]:
        delete_all(session, related, ids=found, tables=list(tables))
        delete_all(session, f"{given} AND size(labels(n)) = 1 WITH n LIMIT $most DELETE n RETURN count(*)", ids=found)


def delete_all(session: Neo4jSession, query: str, **parameters: Any) -> None:
    """Run a deletion of at most `$most` until it finds nothing; of fewer where the server's memory limit forbids so many."""
    most = _MOST
    while True:
        try:
            ((deleted,),) = session.rows(query, most=most, **parameters)
        except Neo4jError as error:
            if error.code == _DEADLOCK:
                # With another `prepare` of this run; the server has taken back this one's part.
                continue
            if error.code != _OUT_OF_MEMORY or most == 1:
                raise
            most = max(1, most // 4)
            continue
        if deleted < most:
            return
