"""JSON Lines parts read back."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pyarrow as pa

from core.schema.model import Table
from worker.sources.json_text import texts_of

_LINES = 8_192


def read_part(part: Path, table: Table) -> Iterator[pa.RecordBatch]:
    """The objects of a part, a line each."""
    with part.open("rb") as file:
        while lines := list(islice(file, _LINES)):
            yield texts_of(lines, table)
