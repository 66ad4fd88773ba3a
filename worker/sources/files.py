"""Files, for every format that is rows of text: a part file per shard, written beside, synced and renamed.

The parts of a table, put one behind the other in the order of their names, are the table's file whatever the number of
workers: a part is named by its first row, and only the part that begins at row 0 has the format's header.
"""

import errno
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from urllib.parse import quote

import pyarrow as pa

from spec.connection import Connection
from spec.errors import ServerError, StorageError
from spec.plan import OnExisting, Shard
from spec.schema import Column, Table
from spec.sources import Capabilities
from worker.encode.rows import Rows
from worker.sources.base import Fingerprint, KeyRange, Scope, Sent, Sink


class RowEncoder(Protocol):
    """What makes a format: rows of text from columns, and the text before the first row."""

    header: bytes

    def encode(self, batch: pa.RecordBatch) -> Rows:
        """Whole columns as rows of text."""
        ...


EncoderOf = Callable[[Table], RowEncoder]
"""By method: what encodes a table's rows."""
RowsOf = Callable[[Path], int]
"""Counts the rows of a part, its header left out."""
ReadPart = Callable[[Path, Table], Iterator[pa.RecordBatch]]
"""The rows of a part as columns of text."""


class Files:
    """A folder with a folder per table."""

    def __init__(
        self,
        capabilities: Capabilities,
        at: Connection,
        encoders: Mapping[str, EncoderOf],
        rows_of: RowsOf,
        read_part: ReadPart,
    ) -> None:
        self.capabilities = capabilities
        self._folder = Path(at.path)
        self._encoders = encoders
        self._rows_of = rows_of
        self._read_part = read_part

    def connect(self) -> None:
        """Make the folder; raises StorageError where it cannot be written."""
        with _named(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)

    def prepare(self, tables: Sequence[Table], on_existing: OnExisting) -> Sequence[str]:
        """Make each table's folder, and empty it of parts unless told otherwise."""
        for table in tables:
            folder = self._table(table)
            with _named(folder):
                folder.mkdir(parents=True, exist_ok=True)
                parts = [path for path in folder.iterdir() if path.name.startswith("part-")]
                if parts and on_existing is OnExisting.FAIL:
                    raise ServerError(f"{folder} holds {len(parts)} parts; set loadtest:onExisting to empty or append")
                if on_existing is OnExisting.EMPTY:
                    for part in parts:
                        part.unlink(missing_ok=True)
        return ()

    @contextmanager
    def sink(self, table: Table, shard: Shard, method: str) -> Iterator[Sink[Any]]:
        """A part file: it has its name only once it is whole and synced."""
        encoder = self._encoders[method](table)
        part = self._table(table) / self._part(shard.first_row)
        unfinished = part.with_suffix(part.suffix + ".tmp")
        with _named(part):
            # Where each worker has a volume of its own, what `prepare` made is elsewhere.
            part.parent.mkdir(parents=True, exist_ok=True)
            with unfinished.open("wb", buffering=0) as file:
                if shard.first_row == 0:
                    _write(file, memoryview(encoder.header))
                yield FileSink(file, encoder)
                os.fsync(file.fileno())
            unfinished.replace(part)
            _sync_folder(part.parent)

    def remove(self, table: Table, keys: KeyRange | pa.Array) -> None:
        """Nothing: a shard that is loaded again replaces its own part."""

    def count(self, table: Table) -> int:
        """The rows of all finished parts, by an independent reader of the format."""
        with _named(self._table(table)):
            return sum(self._rows_of(part) for part in self._parts(table))

    def read(self, table: Table, scope: Scope) -> Iterator[pa.RecordBatch]:
        """The shard's own part, and by the worker that leads the parts that no shard has; or all parts."""
        planned = {self._part(first) for first in scope.first_rows}
        own = self._part(scope.shard.first_row)
        with _named(self._table(table)):
            for part in self._parts(table):
                if part.name == own or not scope.apart or (scope.leads and part.name not in planned):
                    yield from self._read_part(part, table)

    def held(self, column: Column, values: pa.Array) -> pa.Array:  # noqa: ARG002
        """The values themselves: these formats lose nothing."""
        return values

    def fingerprint(self, table: Table, scope: Scope) -> Fingerprint | None:  # noqa: ARG002
        """None: a file has nobody who adds it up."""
        return None

    def settings(self) -> Mapping[str, str]:
        """The file system that holds the folder has no settings to show."""
        return {}

    def close(self) -> None:
        """Nothing is held open."""

    def _parts(self, table: Table) -> Sequence[Path]:
        """The finished parts, in the order of their rows."""
        return sorted(self._table(table).glob(f"part-*{self.capabilities.file_suffix}"))

    def _part(self, first_row: int) -> str:
        return f"part-{first_row:020d}{self.capabilities.file_suffix}"

    def _table(self, table: Table) -> Path:
        """The table's folder: its name, with whatever could leave the folder percent-encoded."""
        name = quote(table.name, safe=" -_")
        return self._folder / (name.replace(".", "%2E") if set(table.name) == {"."} else name)


class FileSink:
    """Writes batches to one open part."""

    def __init__(self, file: BinaryIO, encoder: RowEncoder) -> None:
        self._file = file
        self._encoder = encoder

    def encode(self, batch: pa.RecordBatch) -> Rows:
        """Rows of text."""
        return self._encoder.encode(batch)

    def send(self, pieces: Iterator[Rows]) -> Sent:
        """Written to the file; synced once, when the shard ends."""
        return Sent(sum(_write(self._file, piece.data) for piece in pieces), 0.0)


def _write(file: BinaryIO, data: memoryview) -> int:
    """All bytes: a raw file may take fewer than it is given."""
    written = 0
    while written < len(data):
        written += file.write(data[written:])
    return written


def _sync_folder(folder: Path) -> None:
    """Make a rename in this folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Turn the system's errors into ours, with the path and a remedy."""
    try:
        yield
    except OSError as error:
        remedy = {
            errno.ENOSPC: "give it more room, or load fewer rows",
            errno.EACCES: "give the worker's user the right to write there",
            errno.EROFS: "name a folder that can be written by outputDir",
        }.get(error.errno or 0, "name another folder by outputDir")
        raise StorageError(f"{path}: {error.strerror or error}; {remedy}") from error
