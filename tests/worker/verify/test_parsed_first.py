"""The first 1,000 rows of a shard are parsed, also if they arrive in many batches: an error of the encoder is in both bytes."""

from collections.abc import Iterator, Sequence
from typing import cast

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from core.plan import BASE_INSTANT, Shard
from core.schema.file import parse_schema
from core.schema.model import Column, Table
from worker.encode.csv import CsvEncoder
from worker.generate import Dataset
from worker.sources import base
from worker.sources.base import Scope, Source, StoredRows
from worker.verify.shard import verify_shard
from worker.verify.table_diff import TableDiff

ROWS, PARSED = 2_500, 1_000
_SCHEMA = """
tables:
  - name: things
    id: {type: big_int, generator: {type: sequential, start: 1}}
    fields:
      - {name: note, type: text, generator: {type: pattern, pattern: "note {index}"}}
"""
TABLE = Dataset(parse_schema(_SCHEMA, "parsed.yaml"), seed=7, rows=ROWS, base_instant=BASE_INSTANT).table("things")
SCOPE = Scope(
    Shard(table="things", seed=7, first_row=0, rows=ROWS),
    keys=None, exclusive_storage=True, checks_unowned_rows=True, tolerant=False, table_rows=ROWS, first_rows=frozenset({0}),
)  # fmt: skip


@pytest.fixture(autouse=True)
def few_parsed_rows() -> None:
    """Replace the fixture of the folder: these tables are longer than what is always parsed."""
    assert base.PARSED_FIRST == PARSED


class _Messages:
    """A store of encoded rows, which returns them in batches of one size."""

    def __init__(self, stored: pa.RecordBatch, size: int) -> None:
        self._stored, self._size = stored, size
        self.parsed = 0

    def compare(self, table: Table, _scope: Scope, _generated: object) -> Iterator[StoredRows]:
        """Yield the rows; the encoder writes every row as the store has it, whatever was generated."""
        lines = CsvEncoder(table).encode(self._stored).as_array()
        first = 0
        while first < ROWS:
            batch = slice(first, first + self._size)
            yield StoredRows(self._stored.column("id")[batch], [lines[batch]], self._encode, self._parse)
            first += self._size

    def _encode(self, batch: pa.RecordBatch) -> Sequence[pa.Array]:
        rows = pc.subtract(batch.column("id"), 1)
        return [CsvEncoder(TABLE.table).encode(self._stored.take(rows)).as_array()]

    def _parse(self, parts: Sequence[pa.Array]) -> pa.RecordBatch:
        self.parsed += len(parts[0])
        keys = pa.array([int(line.split(b",")[0]) for line in parts[0].to_pylist()], pa.int64())
        return self._stored.take(pc.subtract(keys, 1))

    def as_stored(self, _column: Column, values: pa.Array) -> pa.Array:
        """Return the values without any loss."""
        return values


@pytest.mark.parametrize("size", [1, 300, 999, 1_000, 1_001, ROWS])
def test_first_rows_are_parsed_in_batches_of_any_size(size: int) -> None:
    source, diff = _Messages(TABLE.batch(0, ROWS), size), TableDiff("things")
    verify_shard(cast("Source", source), TABLE, SCOPE, diff, lambda _: None)
    assert (diff.matched, diff.mismatched, diff.missing, diff.extra) == (ROWS, 0, 0, 0)
    assert source.parsed == PARSED


@pytest.mark.parametrize("size", [300, 999])
def test_error_of_the_encoder_in_small_batches_is_found(size: int) -> None:
    rows = TABLE.batch(0, ROWS)
    stored = rows.set_column(1, rows.schema.field(1), pa.array(["misspelled"] * ROWS))
    source, diff = _Messages(stored, size), TableDiff("things")
    verify_shard(cast("Source", source), TABLE, SCOPE, diff, lambda _: None)
    assert (diff.mismatched, diff.matched) == (PARSED, ROWS - PARSED)
