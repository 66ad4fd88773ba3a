"""The counts of a shard do not depend on the batches of the source."""

from collections.abc import Iterator, Sequence
from typing import cast

import pyarrow as pa
import pytest

from core.plan import BASE_INSTANT, Shard
from core.schema.file import parse_schema
from core.schema.model import Column, Table
from worker.generate import Dataset
from worker.sources.base import Scope, Source
from worker.verify.shard import verify_shard
from worker.verify.table_diff import TableDiff

ROWS = 40
_SCHEMA = """
tables:
  - name: things
    id: {type: big_int, generator: {type: sequential, start: 1}}
    fields:
      - {name: note, type: text, generator: {type: pattern, pattern: "note {index}"}}
"""
TABLE = Dataset(parse_schema(_SCHEMA, "batches.yaml"), seed=7, rows=ROWS, base_instant=BASE_INSTANT).table("things")
RIGHT = TABLE.batch(0, ROWS)
WRONG = RIGHT.set_column(1, RIGHT.schema.field(1), pa.array(["changed"] * ROWS))
SCOPE = Scope(
    Shard(table="things", seed=7, first_row=0, rows=ROWS),
    keys=None, exclusive_storage=True, checks_unowned_rows=True, tolerant=False, table_rows=ROWS, first_rows=frozenset({0}),
)  # fmt: skip


class Batches:
    """A source with these batches."""

    def __init__(self, batches: Sequence[pa.RecordBatch]) -> None:
        self._batches = batches

    def read(self, _table: Table, _scope: Scope) -> Iterator[pa.RecordBatch]:
        """Yield the batches."""
        yield from self._batches

    def compare(self, table: Table, scope: Scope, _generated: object) -> Iterator[pa.RecordBatch]:
        """Yield the batches."""
        yield from self.read(table, scope)

    def as_stored(self, _column: Column, values: pa.Array) -> pa.Array:
        """Return the values without any loss."""
        return values


@pytest.mark.parametrize("copies", [RIGHT, WRONG], ids=["right", "wrong"])
@pytest.mark.parametrize("is_reversed", [False, True])
@pytest.mark.parametrize("size", [1, 7, ROWS, 2 * ROWS])
def test_copies_in_any_batch_are_extra(copies: pa.RecordBatch, size: int, is_reversed: bool) -> None:
    found = [RIGHT, copies.slice(5, 10)]
    rows = pa.Table.from_batches(reversed(found) if is_reversed else found).combine_chunks()
    batches = [batch for start in range(0, rows.num_rows, size) for batch in rows.slice(start, size).to_batches()]
    diff = TableDiff("things")
    verify_shard(cast("Source", Batches(batches)), TABLE, SCOPE, diff, lambda _: None)
    counts = diff.result()
    assert (counts.expected, counts.found, counts.missing) == (ROWS, ROWS + 10, 0)
    assert (counts.matched, counts.mismatched, counts.extra) == (ROWS, 0, 10)
