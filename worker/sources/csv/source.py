"""CSV files, one folder of parts per table."""

from core.connection import Connection
from core.stores import BULK, CSV, INSERT
from worker.encode.by_row import CsvByRow
from worker.encode.csv import CsvEncoder
from worker.sources.base import WorkerSlot
from worker.sources.csv.reader import count_rows, is_whole, read_rows
from worker.sources.csv.types import TYPES
from worker.sources.files.source import Files, Format


def open_source(connection: Connection, slot: WorkerSlot) -> Files:
    """Return the files below a folder."""
    return Files(
        connection, slot, Format(CSV, TYPES, {BULK: CsvEncoder, INSERT: CsvByRow}, count_rows, read_rows, is_whole)
    )
