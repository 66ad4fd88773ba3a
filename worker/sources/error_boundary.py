"""The one place where errors of a store's driver become ServerError or StorageError."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import pyarrow as pa

from core.options import OnExisting
from core.plan import Shard
from core.schema.model import Column, Table
from worker.sources.base import (
    BaseSource,
    Check,
    Fingerprint,
    Generated,
    KeyedSource,
    KeyRange,
    Returned,
    Scope,
    Sink,
    accept,
)


class ErrorBoundary:
    """A source whose methods raise translated errors."""

    def __init__(self, source: BaseSource) -> None:
        self.capabilities = source.capabilities
        self._source = source
        self._translated = source.translate_errors

    def connect(self) -> None:
        """Try once to connect."""
        with self._translated():
            self._source.connect()

    def prepare(self, tables: Sequence[Table], on_existing: OnExisting, check: Check = accept) -> Sequence[str]:
        """Create the tables and return warnings."""
        with self._translated():
            return self._source.prepare(tables, on_existing, check)

    @contextmanager
    def sink(self, table: Table, shard: Shard, method: str) -> Iterator[Sink[Any]]:
        """Yield a sink for one shard; errors of its methods are translated as they leave the context."""
        with self._translated(), self._source.sink(table, shard, method) as sink:
            yield sink

    def remove(self, table: Table, keys: KeyRange | pa.Array) -> None:
        """Remove the rows with these keys."""
        with self._translated():
            self._source.remove(table, keys)

    def contains_any(self, table: Table, keys: KeyRange | pa.Array) -> bool:
        """Return whether the table has a row with one of these keys; for a KeyedSource only."""
        with self._translated():
            return cast("KeyedSource", self._source).contains_any(table, keys)

    def count(self, table: Table) -> int:
        """Return the number of rows of the table."""
        with self._translated():
            return self._source.count(table)

    def read(self, table: Table, scope: Scope) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a scope."""
        with self._translated():
            yield from self._source.read(table, scope)

    def compare(self, table: Table, scope: Scope, generated: Generated) -> Iterator[Returned]:
        """Yield the rows of a scope in the form that is compared fastest."""
        with self._translated():
            yield from self._source.compare(table, scope, generated)

    def as_stored(self, column: Column, values: pa.Array) -> pa.Array:
        """Return what the store returns for generated values."""
        with self._translated():
            return self._source.as_stored(column, values)

    def fingerprint(self, table: Table, scope: Scope) -> Fingerprint | None:
        """Return the fingerprint of a scope's rows, if the store can compute it."""
        with self._translated():
            return self._source.fingerprint(table, scope)

    def settings(self) -> Mapping[str, str]:
        """Return the server settings. If the server refuses, return its message instead: a refusal must not end the run."""
        refused: dict[str, str] = {}
        return {**self._source.readable("server settings", self._source.settings, refused), **refused}

    def close(self) -> None:
        """Release the connection."""
        self._source.close()
