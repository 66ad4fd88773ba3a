"""JSON Lines files, one folder of parts per table."""

from pathlib import Path

from core.connection import Connection
from core.stores import BULK, INSERT, JSONL
from worker.encode.by_row import NdjsonByRow
from worker.encode.json_text import NdjsonEncoder
from worker.sources.base import WorkerSlot
from worker.sources.files.source import Files
from worker.sources.jsonl.reader import read_part


def open_source(connection: Connection, slot: WorkerSlot) -> Files:
    """The files below a folder."""
    return Files(JSONL, connection, slot, {BULK: NdjsonEncoder, INSERT: NdjsonByRow}, rows_of, read_part)


def rows_of(part: Path) -> int:
    """The lines of a part: no JSON value has a line end in it."""
    with part.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
