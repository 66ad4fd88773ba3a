"""Read CSV parts back."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from core.schema.model import Table
from worker.encode.csv import CsvEncoder
from worker.sources.csv_text import blocks_of, texts_of


def read_part(part: Path, table: Table) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a part. A header other than the table's is read as a row, which matches no row of the table."""
    names = [column.name for column in table.columns]
    header = CsvEncoder(table).header
    with part.open("rb") as file:
        if file.read(len(header)) != header:
            file.seek(0)
        for block in blocks_of(file):
            yield texts_of(block, names)
