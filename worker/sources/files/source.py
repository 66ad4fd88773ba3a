"""CSV and JSON Lines files: one part file per shard, published once all parts of the run are complete.

The parts of a table, concatenated in the order of their names, are the table's file for any number of workers: a part is
named after its first row, and only the part of row 0 has the format's header.
"""

import errno
import os
import stat
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import pyarrow as pa

from core.connection import Connection
from core.files import unfinished_file
from core.options import OnExisting
from core.output.errors import storage_errors
from core.output.manifest import OutputFile, Run, first_row_of, part_path
from core.output.writer import OutputWriter
from core.plan import Shard
from core.schema.model import Table
from core.schema.types import Kind
from core.stores import BULK, Capabilities
from worker.encode.rows import Rows
from worker.prefetch import Prefetcher
from worker.sources.base import (
    BaseSource,
    BatchReceipt,
    Check,
    Generated,
    KeyRange,
    Returned,
    Scope,
    Sink,
    WorkerSlot,
    accept,
)
from worker.sources.column_types import StoreType
from worker.sources.files.compare import PREFETCHED_CHUNKS, Chunk, chunk_ranges, compare_part


class FileEncoder(Protocol):
    """Encodes rows of one format."""

    header: bytes
    """The text before the first row."""

    def encode(self, batch: pa.RecordBatch) -> Rows:
        """Return whole columns as rows of text."""
        ...


@dataclass(frozen=True, slots=True)
class Format:
    """A format of files."""

    capabilities: Capabilities
    types: Mapping[Kind, StoreType]
    encoders: Mapping[str, Callable[[Table], FileEncoder]]
    """The encoder of a table's rows, by load method."""
    count_rows: Callable[[Path], int]
    """Returns the rows of a part without its header."""
    read_rows: Callable[[BinaryIO, Table], Iterator[pa.RecordBatch]]
    """Yields the rows of a stream as columns of text."""
    is_whole: Callable[[bytes], bool]
    """Returns whether bytes that end at a line end are whole rows."""


class Files(BaseSource):
    """A folder with one folder per table."""

    def __init__(self, at: Connection, slot: WorkerSlot, format_: Format) -> None:
        self.capabilities, self.types = format_.capabilities, format_.types
        self._format = format_
        self._output = OutputWriter(Path(at.path), slot.output_key)
        self._slot = slot
        self._run = Run.of(slot.plan, slot.stack) if slot.plan else Run(stack=slot.stack, source=self.capabilities.name)
        self._on_existing = slot.plan.on_existing if slot.plan else OnExisting.EMPTY

    def translate_errors(self) -> AbstractContextManager[None]:
        """Raise StorageError in place of OSError."""
        return storage_errors(self._output.path)

    def connect(self) -> None:
        """Raise an error for a path that is a file; `prepare` creates the folder."""
        with suppress(FileNotFoundError):
            if not stat.S_ISDIR(self._output.path.stat().st_mode):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))

    def prepare(self, tables: Sequence[Table], on_existing: OnExisting, check: Check = accept) -> Sequence[str]:  # noqa: ARG002
        """Raise InputError with the names of files that the run must not replace; then begin the run's partial files.

        If the run only verifies, refuse a folder whose rows are not in the files that its manifest names.
        """
        if self._is_load:
            self._output.begin(self._run, [table.name for table in tables], on_existing)
        elif self._slot.plan is not None:
            self._output.require_readable(self._slot.plan.tables, self._suffix)
        return ()

    @contextmanager
    def sink(self, table: Table, shard: Shard, method: str) -> Iterator[Sink[Any]]:
        """Yield a sink for a part file, which is published with the run's other parts once all of them are complete."""
        encoder = self._format.encoders[method](table)
        path = self._part_path(table.name, shard.first_row)
        with storage_errors(self._output.path / path):
            together = self._output.join(self._run)
            part = self._output.partial_file(path)
            unfinished = unfinished_file(part)
            try:
                with unfinished.open("wb", buffering=0) as file:
                    sink = FileSink(file, encoder)
                    if shard.first_row == 0:
                        sink.write(memoryview(encoder.header))
                    yield sink
                    os.fsync(file.fileno())
                unfinished.replace(part)
            finally:
                unfinished.unlink(missing_ok=True)
            self._output.finish_file(path, sink.written(table.name))
            self._output.publish(
                self._run, self._published_together(path, together=together), self._on_existing, whole=together
            )

    def remove(self, table: Table, keys: KeyRange | pa.Array) -> None:
        """Remove nothing: a shard that is loaded again replaces its own part."""

    def count(self, table: Table) -> int:
        """Return the number of rows in all published parts, counted by an independent reader of the format."""
        return sum(self._format.count_rows(part) for part in self._output.parts(table.name, self._suffix))

    def read(self, table: Table, scope: Scope) -> Iterator[pa.RecordBatch]:
        """Yield the rows of the manifest's files; after a load those of the shard's part.

        After a load the table's first worker also reads the parts that neither the plan nor the manifest names.
        """
        encoder = self._encoder(table)
        for part in self._parts(table, scope):
            with self._rows_of(part, encoder) as file:
                yield from self._format.read_rows(file, table)

    def compare(self, table: Table, scope: Scope, generated: Generated) -> Iterator[Returned]:
        """Yield the rows of `read`; those of a part whose bytes are as the encoder writes them only as their numbers."""
        encoder = self._encoder(table)
        for part in self._parts(table, scope):
            ranges = chunk_ranges(*self._rows_in_name(part, scope))
            chunks = (Chunk(start, encoder.encode(generated(start, rows))) for start, rows in ranges)
            with self._rows_of(part, encoder) as file, Prefetcher(chunks, PREFETCHED_CHUNKS) as prefetched:
                yield from compare_part(
                    file, prefetched, lambda rows: self._format.read_rows(rows, table), self._format.is_whole
                )

    def _rows_in_name(self, part: Path, scope: Scope) -> tuple[int, int]:
        """Return the rows `[first, stop)` that a part has by its name and the manifest; none for a part of unknown rows."""
        first = first_row_of(part)
        if first is None or (scope.exclusive_storage and first != scope.shard.first_row):
            return 0, 0
        manifest = self._output.manifest()
        listed = manifest.files.get(f"{part.parent.name}/{part.name}") if manifest else None
        rows = scope.shard.rows if scope.exclusive_storage else listed.rows if listed else scope.table_rows
        return first, min(first + rows, scope.table_rows)

    def _encoder(self, table: Table) -> FileEncoder:
        return self._format.encoders[BULK](table)

    def _parts(self, table: Table, scope: Scope) -> Sequence[Path]:
        if not scope.exclusive_storage:
            self._output.require_readable([table.name], self._suffix)
            parts = self._output.parts(table.name, self._suffix)
        else:
            planned = {self._output.path / self._part_path(table.name, first) for first in scope.first_rows}
            unlisted = self._output.unlisted_parts(table.name, self._suffix) if scope.checks_unowned_rows else ()
            own = self._output.path_of(self._part_path(table.name, scope.shard.first_row))
            parts = [*([own] if own else ()), *(part for part in unlisted if part not in planned)]
        return parts

    @contextmanager
    def _rows_of(self, part: Path, encoder: FileEncoder) -> Iterator[BinaryIO]:
        """Open a part at its first row. A header other than the table's counts as a row, which matches no row."""
        with part.open("rb") as file:
            if file.read(len(encoder.header)) != encoder.header:
                file.seek(0)
            yield file

    def close(self) -> None:
        """Do nothing: no file stays open."""

    @property
    def _suffix(self) -> str:
        return self.capabilities.file_suffix or ""

    @property
    def _is_load(self) -> bool:
        return self._slot.plan is None or self._slot.plan.operation.populates

    def _part_path(self, table: str, first_row: int) -> str:
        return part_path(table, first_row, self._suffix)

    def _published_together(self, path: str, *, together: bool) -> Sequence[str]:
        """Return the parts that are published with this one: all of the run, or the worker's if it has its own folder."""
        plan = self._slot.plan
        if plan is None:
            return [path]
        workers = plan.workers if together else [plan.worker(self._slot.index)]
        return [self._part_path(shard.table, shard.first_row) for worker in workers for shard in worker.shards]


class FileSink:
    """Writes batches to one open part."""

    def __init__(self, file: BinaryIO, encoder: FileEncoder) -> None:
        self._file = file
        self._encoder = encoder
        self._rows = self._bytes = self._crc32 = 0

    def encode(self, batch: pa.RecordBatch) -> Rows:
        """Return rows of text."""
        return self._encoder.encode(batch)

    def send(self, pieces: Iterator[Rows]) -> BatchReceipt:
        """Write the rows to the file, which is synced once, when the shard ends."""
        return BatchReceipt(sum(map(self._send, pieces)), 0.0)

    def write(self, data: memoryview) -> int:
        """Write all bytes: one write to a raw file may take fewer."""
        written = 0
        while written < len(data):
            written += self._file.write(data[written:])
        self._bytes += written
        self._crc32 = zlib.crc32(data, self._crc32)
        return written

    def written(self, table: str) -> OutputFile:
        """Return the current content of the file."""
        return OutputFile(table=table, rows=self._rows, bytes=self._bytes, crc32=self._crc32, modified_ns=0)

    def _send(self, rows: Rows) -> int:
        self._rows += len(rows)
        return self.write(rows.data)
