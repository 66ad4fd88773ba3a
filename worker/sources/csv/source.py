"""CSV files, one folder of parts per table."""

import csv
from pathlib import Path

from core.connection import Connection
from core.stores import BULK, CSV, INSERT
from worker.encode.by_row import CsvByRow
from worker.encode.csv import CsvEncoder
from worker.sources.base import WorkerSlot
from worker.sources.csv.reader import read_part
from worker.sources.files.source import Files


def open_source(connection: Connection, slot: WorkerSlot) -> Files:
    """The files below a folder."""
    return Files(CSV, connection, slot, {BULK: CsvEncoder, INSERT: CsvByRow}, rows_of, read_part)


def rows_of(part: Path) -> int:
    """The rows of a part as Python's own reader sees them; the part of row 0 has a header more."""
    with part.open(newline="", encoding="utf-8") as file:
        lines = sum(1 for _ in csv.reader(file))
    return lines - 1 if int(part.stem.removeprefix("part-")) == 0 else lines
