"""Rows to nodes, each batch in one transaction."""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

import pyarrow as pa

from core.schema.model import Table
from worker.encode.bolt import BoltEncoder
from worker.encode.rows import Objects
from worker.sources.base import BatchReceipt
from worker.sources.neo4j.cypher import node
from worker.sources.neo4j.session import Neo4jSession


class _Sink(ABC):
    """All pieces of a batch in one transaction; the plan of the statement is made once."""

    statement: ClassVar[str]
    """With the place of the node's pattern, and the parameter that the pattern takes its values from."""
    values: ClassVar[str]

    def __init__(self, session: Neo4jSession, table: Table) -> None:
        self._session = session
        self._encoder = BoltEncoder(table)
        self._query = session.cypher(self.statement.format(node=node(table, self.values)))

    def encode(self, batch: pa.RecordBatch) -> Objects:
        """Lists of values, for the driver to pack."""
        return self._encoder.encode(batch)

    def send(self, pieces: Iterator[Objects]) -> BatchReceipt:
        """One transaction, which the driver does not try again: what a lost commit did is not known."""
        sent = 0
        with self._session.transaction() as transaction:
            for piece in pieces:
                for parameters in self.parameters(piece):
                    transaction.run(self._query, parameters).consume()
                sent += piece.nbytes
            written = time.perf_counter()
            transaction.commit()
        return BatchReceipt(sent, time.perf_counter() - written)

    @abstractmethod
    def parameters(self, piece: Objects) -> Iterator[dict[str, Any]]:
        """Yield the parameters of each statement of a piece."""


class UnwindSink(_Sink):
    """A statement a piece."""

    statement, values = "UNWIND $rows AS row CREATE ({node})", "row"

    def parameters(self, piece: Objects) -> Iterator[dict[str, Any]]:
        """Yield all rows at once."""
        yield {"rows": piece.rows}


class CreateSink(_Sink):
    """A CREATE a row, each a round trip."""

    statement, values = "CREATE ({node})", "$row"

    def parameters(self, piece: Objects) -> Iterator[dict[str, Any]]:
        """Yield each row by itself."""
        yield from ({"row": row} for row in piece.rows)
