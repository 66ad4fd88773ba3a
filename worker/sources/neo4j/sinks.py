"""Load rows as nodes, each batch in one transaction."""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

import pyarrow as pa

from core.schema.model import Table
from worker.encode.bolt import BoltEncoder
from worker.encode.rows import Objects
from worker.sources.base import BatchReceipt
from worker.sources.neo4j.connection import Neo4jSession
from worker.sources.neo4j.ddl import node


class _Sink(ABC):
    """Sends all pieces of a batch in one transaction, by one statement that the server plans once."""

    statement: ClassVar[str]
    """The statement, with `{node}` for the node's pattern."""
    values: ClassVar[str]
    """The variable or parameter with the pattern's values."""

    def __init__(self, session: Neo4jSession, table: Table) -> None:
        self._session = session
        self._encoder = BoltEncoder(table)
        self._query = session.cypher(self.statement.format(node=node(table, self.values)))

    def encode(self, batch: pa.RecordBatch) -> Objects:
        """Return lists of values, which the driver packs."""
        return self._encoder.encode(batch)

    def send(self, pieces: Iterator[Objects]) -> BatchReceipt:
        """Send one transaction, which the driver does not retry: after a lost commit its outcome is unknown."""
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
    """One statement per piece."""

    statement, values = "UNWIND $rows AS row CREATE ({node})", "row"

    def parameters(self, piece: Objects) -> Iterator[dict[str, Any]]:
        """Yield the parameters for all rows at once."""
        yield {"rows": piece.rows}


class CreateSink(_Sink):
    """One CREATE per row, each a round trip."""

    statement, values = "CREATE ({node})", "$row"

    def parameters(self, piece: Objects) -> Iterator[dict[str, Any]]:
        """Yield the parameters for each row."""
        yield from ({"row": row} for row in piece.rows)
