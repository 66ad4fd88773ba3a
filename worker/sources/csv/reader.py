"""Read and count rows of CSV."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from core.output.manifest import first_row_of
from core.schema.model import Table
from worker.sources.csv_text import blocks_of, texts_of


def count_rows(part: Path) -> int:
    """Return the number of rows of a part, counted by Python's own reader; the part of row 0 also has a header."""
    with part.open(newline="", encoding="utf-8") as file:
        lines = sum(1 for _ in csv.reader(file))
    return lines - 1 if first_row_of(part) == 0 else lines


def read_rows(file: BinaryIO, table: Table) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a stream without its header."""
    names = [column.name for column in table.columns]
    for block in blocks_of(file):
        yield texts_of(block, names)


def is_whole(data: bytes) -> bool:
    """Return whether bytes that end at a line end are whole rows: a line end between quotes does not end a row."""
    return data.count(b'"') % 2 == 0
