"""JSON Lines files, one folder of parts per table."""

from core.connection import Connection
from core.stores import BULK, INSERT, JSONL
from worker.encode.by_row import NdjsonByRow
from worker.encode.json_text import NdjsonEncoder
from worker.sources.base import WorkerSlot
from worker.sources.files.source import Files, Format
from worker.sources.jsonl.reader import count_rows, is_whole, read_rows
from worker.sources.jsonl.types import TYPES


def open_source(connection: Connection, slot: WorkerSlot) -> Files:
    """Return the files below a folder."""
    return Files(
        connection,
        slot,
        Format(JSONL, TYPES, {BULK: NdjsonEncoder, INSERT: NdjsonByRow}, count_rows, read_rows, is_whole),
    )
