"""JSON Lines files, one folder of parts per table."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from core.connection import Connection
from core.schema.model import Table
from core.stores import BULK, INSERT, JSONL
from worker.encode.by_row import NdjsonByRow
from worker.encode.json_text import NdjsonEncoder
from worker.sources.base import WorkerSlot
from worker.sources.files.source import Files, Format
from worker.sources.json_rows import columns_of_lines
from worker.sources.jsonl.types import TYPES

_LINES = 8_192
"""Lines per batch that is read back."""


def open_source(connection: Connection, slot: WorkerSlot) -> Files:
    """Return the files below a folder."""
    return Files(
        connection,
        slot,
        Format(JSONL, TYPES, {BULK: NdjsonEncoder, INSERT: NdjsonByRow}, count_lines, read_rows, is_whole),
    )


def count_lines(part: Path) -> int:
    """Return the number of lines of a part: no JSON value contains a line end."""
    with part.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def read_rows(file: BinaryIO, table: Table) -> Iterator[pa.RecordBatch]:
    """Yield the objects of a stream, one per line."""
    while lines := list(islice(file, _LINES)):
        yield columns_of_lines(lines, table)


def is_whole(_: bytes) -> bool:
    """Return True: every line end ends a row."""
    return True
