"""The interface between the pipelines and a store: one connection, and sinks that load one shard each.

A sink's `encode` turns columns into the store's wire format and may run in another thread. Its `send` transmits one batch and
returns when the store has acknowledged it.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, Self, TypeAlias, TypeVar

import pyarrow as pa

from core.errors import ServerError
from core.options import OnExisting
from core.output.folder import OUTPUT_DIR
from core.plan import LoadPlan, Shard
from core.process import OUTPUT_KEY_VARIABLE, STACK_VARIABLE
from core.schema.model import Column, Table
from core.schema.types import Kind
from core.stores import BULK, Capabilities
from worker.sources.column_types import StoreType

Check = Callable[[Sequence[Table]], None]
"""Raises an error to refuse the tables of the run that exist, all of which have the right shape."""


def accept(_: Sequence[Table]) -> None:
    """Refuse no table."""


class BatchReceipt(NamedTuple):
    """Result of one batch: bytes sent to the server or file, and seconds of waiting for the acknowledgement."""

    bytes: int
    commit_seconds: float


@dataclass(frozen=True, slots=True)
class WorkerSlot:
    """Position of a worker in its run: its index from 0, and the number of workers."""

    index: int
    workers: int
    plan: LoadPlan | None = None
    """The run, which files need to publish all parts together; None for a source used on its own."""
    stack: str = ""
    """The stack whose files are replaced; empty for a worker that is started by hand."""
    output_key: str = OUTPUT_DIR
    """The setting that names the folder of files, for messages."""
    method: str = BULK
    """The run's load method: `prepare` checks that the server allows it."""

    @classmethod
    def of(cls, plan: LoadPlan, index: int) -> Self:
        """Return the slot of a plan's worker; the platform passes the stack in the environment."""
        return cls(
            index,
            len(plan.workers),
            plan,
            os.environ.get(STACK_VARIABLE, ""),
            os.environ.get(OUTPUT_KEY_VARIABLE, OUTPUT_DIR),
            plan.method,
        )


ALONE = WorkerSlot(0, 1)
PARSED_FIRST = 1_000
"""Rows of a shard that are parsed even if their bytes are as expected: an error of the encoder is in both."""
ROWS_PER_STATEMENT = 1_000
"""Rows of one multi-row INSERT, as loaders commonly send them, and keys of one DELETE."""


class KeyRange(NamedTuple):
    """Keys from `low` to `high`, both included."""

    low: int
    high: int


class KeySpan(NamedTuple):
    """Keys from `first` to before `stop`; None leaves that end open. Adjacent spans have no gap between them."""

    first: int | None
    stop: int | None


class Scope(NamedTuple):
    """Part of a table that one worker reads back for a shard.

    The scopes of a table's shards cover every row of the table. Exactly one worker counts each row: with `keys` or
    `exclusive_storage` the worker that reads it. Without them, a row that belongs to no shard is counted by the worker with
    `checks_unowned_rows`.
    """

    shard: Shard
    keys: KeySpan | None
    """The shard's keys, if the store can read a span of keys and they are consecutive numbers; None for all rows."""
    exclusive_storage: bool
    """Whether the shard's rows have a file or partitions of their own, without rows of other shards."""
    checks_unowned_rows: bool
    """Whether this worker also counts rows that belong to no shard of the table; with `keys`, rows in no span."""
    tolerant: bool
    """Whether other rows, and further copies of a row, are allowed, as after `append`. They are not counted."""
    table_rows: int
    """Rows of all shards of the table."""
    first_rows: frozenset[int]
    """The first rows of all shards of the table."""


class EqualRows(NamedTuple):
    """Rows of the table that a store returned with exactly the bytes of the generated ones."""

    first: int
    rows: int


class StoredRows(NamedTuple):
    """Rows of a table as the store returned them, in the bytes of its protocol.

    Equal parts mean equal rows: a row whose parts equal those of the generated row with its key needs no parsing.
    """

    keys: pa.Array
    """The key of each row, as in a batch; null where it was not found at once."""
    parts: Sequence[pa.Array]
    """The bytes of each row, in one array or several."""
    encode: Callable[[pa.RecordBatch], Sequence[pa.Array]]
    """Returns the parts of generated rows."""
    parse: Callable[[Sequence[pa.Array]], pa.RecordBatch] | None
    """Returns parts as columns, as `Source.read` does. Without it all rows are read by `Source.read` if one is not equal."""

    def part(self, first: int, stop: int) -> Self:
        """Return the rows `[first, stop)`, fewer if there are not as many; their bytes are not copied."""
        parts = [part[first:stop] for part in self.parts]
        return self._replace(keys=self.keys[first:stop], parts=parts)

    def parsed(self, rows: pa.Array | None = None) -> pa.RecordBatch:
        """Return all rows, or those at the places `rows`, as columns."""
        assert self.parse is not None  # noqa: S101 - the caller has checked it
        return self.parse(self.parts if rows is None else [part.take(rows) for part in self.parts])


Returned: TypeAlias = EqualRows | StoredRows | pa.RecordBatch
"""Rows of a store: those with equal bytes, in the bytes of the protocol, or as columns."""


class Fingerprint(NamedTuple):
    """Sum over rows, computed by a server. Equal fingerprints mean equal rows, in any order."""

    rows: int
    smallest: int | None
    largest: int | None
    total: int
    """The sum, modulo 2**64, of a hash of each row (`worker.sources.row_checksum`)."""


Generated = Callable[[int, int], pa.RecordBatch]
"""Returns the generated rows of a table, from a first row on."""
AsStored = Callable[[Column, pa.Array], pa.Array]
"""Converts generated values to what the store returns for them (`Source.as_stored`)."""


class Encoded(Protocol):
    """Rows in a wire format, which can be cut between rows without a copy."""

    def __len__(self) -> int: ...

    def part(self, first: int, stop: int) -> Self:
        """Return the rows `[first, stop)`."""
        ...


E = TypeVar("E", bound=Encoded)


class Sink(Protocol[E]):
    """Loads the rows of one shard."""

    def encode(self, batch: pa.RecordBatch) -> E:
        """Return the columns in the wire format. Called in row order, from one thread, which may differ from the sender's."""
        ...

    def send(self, pieces: Iterator[E]) -> BatchReceipt:
        """Send one batch and return when it is acknowledged; raises ServerError or StorageError."""
        ...


class Source(Protocol):
    """One connection to a store. Every method raises ServerError (StorageError for files) with the place and a remedy."""

    capabilities: Capabilities

    def connect(self) -> None:
        """Try once to connect; the caller retries while the error is transient."""
        ...

    def prepare(self, tables: Sequence[Table], on_existing: OnExisting, check: Check = accept) -> Sequence[str]:
        """Create the tables and return warnings. It runs once per run, and is safe to repeat and to run concurrently.

        A store that finds rows by their keys calls `check` before it changes anything.
        """
        ...

    def sink(self, table: Table, shard: Shard, method: str) -> AbstractContextManager[Sink[Any]]:
        """Return a sink for one shard; leaving it without an error makes the shard's last rows durable."""
        ...

    def remove(self, table: Table, keys: KeyRange | pa.Array) -> None:
        """Remove the rows with these keys, before a shard is loaded again."""
        ...

    def count(self, table: Table) -> int:
        """Return the number of rows of the table, counted by the store."""
        ...

    def read(self, table: Table, scope: Scope) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a scope in any order; rows of other shards may be among them.

        A column has the generator's type, or it is text in the spelling of `worker.encode.text` with lists as JSON. Text can
        also show values that are not valid for the type.
        """
        ...

    def compare(self, table: Table, scope: Scope, generated: Generated) -> Iterator[Returned]:
        """Yield the rows of `read` in the form that is compared fastest; `generated` returns the rows to expect."""
        ...

    def as_stored(self, column: Column, values: pa.Array) -> pa.Array:
        """Return what the store returns for generated values, without what docs/sources.md lists as lost."""
        ...

    def fingerprint(self, table: Table, scope: Scope) -> Fingerprint | None:
        """Return the fingerprint of a scope's rows; None if the store cannot compute it."""
        ...

    def settings(self) -> Mapping[str, str]:
        """Return the server settings that affect a load, for the report."""
        ...

    def close(self) -> None:
        """Release the connection; never raises."""
        ...


class KeyedSource(Source, Protocol):
    """A store that removes and finds rows by their keys (`Capabilities.key_range_deletable`)."""

    def contains_any(self, table: Table, keys: KeyRange | pa.Array) -> bool:
        """Return whether the table has a row with one of these keys."""
        ...


class BaseSource(Source, Protocol):
    """Base class of the stores, with defaults.

    The methods of a store may raise the driver's errors: `worker.sources.open_source` translates them in one place.
    """

    types: Mapping[Kind, StoreType]

    def translate_errors(self) -> AbstractContextManager[None]:
        """Return a context that raises ServerError or StorageError in place of the driver's errors."""
        return nullcontext()

    def as_stored(self, column: Column, values: pa.Array) -> pa.Array:
        """Return what the store returns for generated values."""
        return self.types[column.type.kind].stored(values, column.type)

    def compare(self, table: Table, scope: Scope, generated: Generated) -> Iterator[Returned]:  # noqa: ARG002
        """Yield the batches of `read`."""
        yield from self.read(table, scope)

    def fingerprint(self, table: Table, scope: Scope) -> Fingerprint | None:  # noqa: ARG002
        """Return None: the rows have to be read."""
        return None

    def settings(self) -> Mapping[str, str]:
        """Return no settings."""
        return {}

    def readable(self, what: str, read: Callable[[], Mapping[str, Any]], refused: dict[str, str]) -> Mapping[str, Any]:
        """Return what `read` returns; if the server refuses it, note that in `refused` under `what` and return nothing."""
        try:
            with self.translate_errors():
                return read()
        except ServerError as error:
            refused[what] = f"not readable: {error}"
            return {}
