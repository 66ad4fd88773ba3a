"""Rows to nodes, each batch in one transaction."""

import time
from collections.abc import Iterator

import pyarrow as pa

from spec.schema import Table
from worker.encode.bolt import BoltEncoder
from worker.encode.objects import Objects
from worker.sources.base import Sent
from worker.sources.neo4j_cypher import node
from worker.sources.neo4j_session import Neo4jSession


class UnwindSink:
    """A statement a piece, all of a batch in one transaction; the plan of the statement is made once."""

    def __init__(self, session: Neo4jSession, table: Table) -> None:
        self._session = session
        self._encoder = BoltEncoder(table)
        self._query = session.cypher(f"UNWIND $rows AS row CREATE ({node(table, 'row')})")

    def encode(self, batch: pa.RecordBatch) -> Objects:
        """Lists of values, for the driver to pack."""
        return self._encoder.encode(batch)

    def send(self, pieces: Iterator[Objects]) -> Sent:
        """One transaction, which the driver does not try again: what a lost commit did is not known."""
        sent = 0
        with self._session.transaction() as transaction:
            for piece in pieces:
                transaction.run(self._query, {"rows": piece.rows}).consume()
                sent += piece.nbytes
            written = time.perf_counter()
            transaction.commit()
        return Sent(sent, time.perf_counter() - written)


class CreateSink:
    """A CREATE a row, each a round trip, all of a batch in one transaction."""

    def __init__(self, session: Neo4jSession, table: Table) -> None:
        self._session = session
        self._encoder = BoltEncoder(table)
        self._query = session.cypher(f"CREATE ({node(table, '$row')})")

    def encode(self, batch: pa.RecordBatch) -> Objects:
        """Lists of values, for the driver to pack."""
        return self._encoder.encode(batch)

    def send(self, pieces: Iterator[Objects]) -> Sent:
        """As many statements as rows."""
        sent = 0
        with self._session.transaction() as transaction:
            for piece in pieces:
                for row in piece.rows:
                    transaction.run(self._query, {"row": row}).consume()
                sent += piece.nbytes
            written = time.perf_counter()
            transaction.commit()
        return Sent(sent, time.perf_counter() - written)
