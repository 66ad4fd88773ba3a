"""CSV files, one folder of parts per table."""

import csv
from pathlib import Path

from core.connection import Connection
from core.output.manifest import first_row_of
from core.stores import BULK, CSV, INSERT
from worker.encode.by_row import CsvByRow
from worker.encode.csv import CsvEncoder
from worker.sources.base import WorkerSlot
from worker.sources.csv.reader import is_whole, read_rows
from worker.sources.csv.types import TYPES
from worker.sources.files.source import Files, Format


def open_source(connection: Connection, slot: WorkerSlot) -> Files:
    """Return the files below a folder."""
    return Files(
        connection, slot, Format(CSV, TYPES, {BULK: CsvEncoder, INSERT: CsvByRow}, count_rows, read_rows, is_whole)
    )


def count_rows(part: Path) -> int:
    """Return the number of rows of a part, counted by Python's own reader; the part of row 0 also has a header."""
    with part.open(newline="", encoding="utf-8") as file:
        lines = sum(1 for _ in csv.reader(file))
    return lines - 1 if first_row_of(part) == 0 else lines
