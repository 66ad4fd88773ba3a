"""The protocol between the pipelines and a source: what every source can be asked, and what it says it can do.

A source is one connection. A sink loads one shard over it: `encode` turns columns into the source's wire format and may
run in another thread, `send` hands the pieces of one batch over and returns when the source has acknowledged them.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, Self, TypeVar

import pyarrow as pa

from core.output.folder import OUTPUT_DIR
from core.plan import LoadPlan, OnExisting, Shard
from core.process import OUTPUT_KEY_VARIABLE, STACK_VARIABLE
from core.schema.model import Column, Table
from core.stores import BULK, Capabilities


class BatchReceipt(NamedTuple):
    """What one batch was: bytes over the wire or to the file, and seconds spent waiting for the acknowledgement."""

    bytes: int
    commit_seconds: float


@dataclass(frozen=True, slots=True)
class WorkerSlot:
    """Which of a run's workers uses the source, from 0, and how many there are."""

    index: int
    workers: int
    plan: LoadPlan | None = None
    """The run, for a source whose workers finish together; None where it is of no account."""
    stack: str = ""
    """Whose files are replaced; empty for a worker that is started by hand."""
    output_key: str = OUTPUT_DIR
    """The setting that names the folder of files, for messages."""
    method: str = BULK
    """How the run loads, so that `prepare` can check that the server allows it."""

    @classmethod
    def of(cls, plan: LoadPlan, index: int) -> Self:
        """Return the slot of a plan's worker; the platform names the stack in the environment."""
        return cls(
            index,
            len(plan.workers),
            plan,
            os.environ.get(STACK_VARIABLE, ""),
            os.environ.get(OUTPUT_KEY_VARIABLE, OUTPUT_DIR),
            plan.method,
        )


ALONE = WorkerSlot(0, 1)


class KeyRange(NamedTuple):
    """Every key from `low` to `high`, both included."""

    low: int
    high: int


class KeySpan(NamedTuple):
    """Every key from `first` to before `stop`; None is no bound. Spans that meet leave no key between them."""

    first: int | None
    stop: int | None


class Scope(NamedTuple):
    """What one worker reads back for a shard.

    The scopes of a table's shards leave no row of the table unread, and each row has exactly one worker that counts it:
    with `keys` or `exclusive_storage` the one that reads it, else, of a row that belongs to no shard, the one that leads.
    """

    shard: Shard
    keys: KeySpan | None
    """The shard's keys, where the source reads by a span of them and they are consecutive numbers; None for all rows."""
    exclusive_storage: bool
    """Whether the shard's rows lie where no other shard's do, in the source's own way: in a file, in partitions."""
    checks_unowned_rows: bool
    """Whether its worker also counts what belongs to no shard of the table: with `keys`, what is in no span."""
    tolerant: bool
    """Whether other rows, and further copies of a row, may be there: after an `append`. They are not counted."""
    table_rows: int
    """Rows of all shards of the table."""
    first_rows: frozenset[int]
    """The first rows of all shards of the table."""


class Fingerprint(NamedTuple):
    """Rows that a server has added up itself: two equal ones are the same rows, in any order."""

    rows: int
    smallest: int | None
    largest: int | None
    total: int
    """The sum, modulo 2**64, of a hash of each row (worker.verify.verification)."""


AsStored = Callable[[Column, pa.Array], pa.Array]
"""What a source holds of a column's generated values: the same ones, less what docs/sources.md says it loses."""


class Encoded(Protocol):
    """Rows in a wire format, to be cut at row ends without a copy."""

    def __len__(self) -> int: ...

    def part(self, first: int, stop: int) -> Self:
        """Rows `[first, stop)` of these."""
        ...


E = TypeVar("E", bound=Encoded)


class Sink(Protocol[E]):
    """Loads the rows of one shard."""

    def encode(self, batch: pa.RecordBatch) -> E:
        """Whole columns to the wire format; called in row order, from one thread, not always the sending one."""
        ...

    def send(self, pieces: Iterator[E]) -> BatchReceipt:
        """Hand over one batch; return when it is acknowledged. Raises ServerError or StorageError."""
        ...


class Source(Protocol):
    """One connection to a source. Every method raises ServerError (StorageError for files) naming what and where."""

    capabilities: Capabilities

    def connect(self) -> None:
        """Try once to reach the source; the caller tries again while the error is a transient one."""
        ...

    def prepare(self, tables: Sequence[Table], on_existing: OnExisting) -> Sequence[str]:
        """Make the tables, once per run, safe to repeat and to run twice at once; returns warnings."""
        ...

    def sink(self, table: Table, shard: Shard, method: str) -> AbstractContextManager[Sink[Any]]:
        """A sink for one shard; leaving it without an error makes the shard's last rows durable."""
        ...

    def remove(self, table: Table, keys: KeyRange | pa.Array) -> None:
        """Remove the rows with these keys, before a shard is loaded again."""
        ...

    def count(self, table: Table) -> int:
        """All rows of the table, counted by the source."""
        ...

    def read(self, table: Table, scope: Scope) -> Iterator[pa.RecordBatch]:
        """The rows of a scope as they are, in any order, a batch at a time; other shards' rows may be among them.

        A column has the type that the generator gives it, or is text in the spelling of `worker.encode.text` (lists as
        JSON), so that also what is no such value can be told of.
        """
        ...

    def as_stored(self, column: Column, values: pa.Array) -> pa.Array:
        """What the source holds of generated values."""
        ...

    def fingerprint(self, table: Table, scope: Scope) -> Fingerprint | None:
        """The scope's rows added up by the source itself; None where it cannot, and they have to be read."""
        ...

    def settings(self) -> Mapping[str, str]:
        """The server settings in force that bear on a load."""
        ...

    def close(self) -> None:
        """Release the connection; never raises."""
        ...


class KeyedSource(Source, Protocol):
    """A source that removes rows by their keys (`Capabilities.key_range_deletable`), and can be asked for them before."""

    def contains_any(self, table: Table, keys: KeyRange | pa.Array) -> bool:
        """Whether the table has a row with one of these keys."""
        ...
