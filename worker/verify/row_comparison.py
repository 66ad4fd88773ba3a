"""Compare the rows of one shard by value: find each row by its key, and compare its cells in whole columns."""

from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.plan import Shard
from worker.generate import TableRows
from worker.sources.base import Scope, Source
from worker.verify.compare_cells import differing, shown
from worker.verify.parse_cells import Mask, parse_texts
from worker.verify.row_index import UNKNOWN, Numbers, RowIndex, index_rows
from worker.verify.table_diff import TableDiff

UNSEEN, MATCHED, DIFFERS = np.arange(3, dtype=np.uint8)
"""The state of a planned row."""


class RowComparison:
    """Counts that depend on the rows alone, and not on their order, the batches or the number of workers.

    If a row has several copies, the best copy counts as the row and the others are extra.
    """

    def __init__(self, source: Source, rows: TableRows, scope: Scope, diff: TableDiff) -> None:
        self._rows = rows
        self._shard = scope.shard
        self._diff = diff
        self._as_stored = source.as_stored
        self._tolerant = scope.tolerant
        divided = scope.exclusive_storage or scope.keys is not None
        self._counts_unknown = (divided or scope.checks_unowned_rows) and not scope.tolerant
        self._indexed = scope.shard if divided else self._planned_rows(scope)
        self._states = np.full(scope.shard.rows, UNSEEN)
        diff.expected += scope.shard.rows

    @staticmethod
    def _planned_rows(scope: Scope) -> Shard:
        """Return the rows that a worker that reads the whole table does not count as extra.

        The worker that checks unowned rows uses the rows of all shards, the others their own.
        """
        return scope.shard.model_copy(update={"rows": scope.table_rows}) if scope.checks_unowned_rows else scope.shard

    @cached_property
    def _row_numbers_of(self) -> RowIndex:
        return index_rows(self._rows, self._indexed, self._as_stored)

    def add(self, batch: pa.RecordBatch) -> None:
        """Compare one batch of rows, in any order."""
        numbers = self._row_numbers_of(self._parsed(batch.column(self._rows.table.key.name)))
        if self._counts_unknown:
            self._add_extra(batch, np.flatnonzero(numbers == UNKNOWN), "an unplanned row")
        offsets = numbers - self._shard.first_row
        own = np.flatnonzero((numbers != UNKNOWN) & (offsets >= 0) & (offsets < self._shard.rows))
        _, firsts = np.unique(offsets[own], return_index=True)
        is_first = np.zeros(len(own), np.bool_)
        is_first[firsts] = self._states[offsets[own[firsts]]] == UNSEEN
        first, copies = own[is_first], own[~is_first]
        wrong = self._differing_rows(batch.take(pa.array(first)), numbers[first])
        self._states[offsets[first]] = np.where(wrong, DIFFERS, MATCHED)
        self._diff.mismatched += int(wrong.sum())
        self._diff.matched += int((~wrong).sum())
        if len(copies):
            self._add_copies(batch, numbers, copies)

    def _add_copies(self, batch: pa.RecordBatch, numbers: Numbers, copies: NDArray[np.int64]) -> None:
        """Count further copies of rows; a correct copy replaces an earlier copy that differs."""
        if not self._tolerant:
            self._add_extra(batch, copies, "a duplicate row")
        offsets = numbers - self._shard.first_row
        of_wrong_rows = copies[self._states[offsets[copies]] == DIFFERS]
        if not len(of_wrong_rows):
            return
        right = of_wrong_rows[
            ~self._differing_rows(batch.take(pa.array(of_wrong_rows)), numbers[of_wrong_rows], record=False)
        ]
        found = np.unique(offsets[right])
        self._states[found] = MATCHED
        self._diff.mismatched -= len(found)
        self._diff.matched += len(found)
        for key in self._shown_keys(found):
            self._diff.drop_cells(key)

    def end(self) -> None:
        """Add the rows that were not found to the missing ones."""
        absent = np.flatnonzero(self._states == UNSEEN)
        self._diff.missing += len(absent)
        for key in self._shown_keys(absent[: self._diff.remaining]):
            self._diff.add_difference(key, None, "the row", None)

    def _shown_keys(self, offsets: NDArray[np.int64]) -> list[str | None]:
        """Return the stored keys of some rows of the shard, as readable text."""
        key = self._rows.table.key
        numbers = offsets.astype(np.uint64) + np.uint64(self._shard.first_row)
        return [shown(cell, key) for cell in self._as_stored(key, self._rows.at(numbers, [key.name]).column(0))]

    def _parsed(self, keys: pa.Array) -> pa.Array:
        """Return the keys in the generator's type, null for a text that is not a valid key."""
        key = self._rows.table.key
        if keys.type != self._rows.schema.field(key.name).type:
            keys = parse_texts(keys.cast(pa.string()), key.type).values
        return keys

    def _add_extra(self, batch: pa.RecordBatch, places: NDArray[np.int64], why: str) -> None:
        self._diff.extra += len(places)
        key = self._rows.table.key
        for place in places[: self._diff.remaining]:
            self._diff.add_difference(shown(batch.column(key.name)[int(place)], key), None, None, why)

    def _differing_rows(self, found: pa.RecordBatch, numbers: Numbers, *, record: bool = True) -> Mask:
        """Return which rows differ from the generated ones, shape (rows,)."""
        expected = self._rows.at(numbers.astype(np.uint64))
        wrong = np.zeros(len(numbers), np.bool_)
        for column in self._rows.table.columns:
            wanted, stored = self._as_stored(column, expected.column(column.name)), found.column(column.name)
            cells = differing(stored, wanted, column.type)
            wrong |= cells
            for place in np.flatnonzero(cells)[: self._diff.remaining if record else 0]:
                row = int(place)
                key = self._rows.table.key
                named = shown(expected.column(key.name)[row], key)
                self._diff.add_difference(
                    named, column.name, _or_null(shown(wanted[row], column)), _or_null(shown(stored[row], column))
                )
        return wrong


def _or_null(text: str | None) -> str:
    return "NULL" if text is None else text
