"""Read CSV rows back."""

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from core.schema.model import Table
from worker.sources.csv_text import blocks_of, texts_of


def read_rows(file: BinaryIO, table: Table) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a stream without its header."""
    names = [column.name for column in table.columns]
    for block in blocks_of(file):
        yield texts_of(block, names)


def is_whole(data: bytes) -> bool:
    """Return whether bytes that end at a line end are whole rows: a line end between quotes does not end a row."""
    return data.count(b'"') % 2 == 0
