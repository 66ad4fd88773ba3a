"""Compare one shard in full: find each row by its key, and compare its cells in whole columns."""

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing
from functools import cached_property
from typing import TypeVar, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.plan import Shard
from worker.generate import TableRows
from worker.sources import base
from worker.sources.base import EqualRows, Returned, Scope, Source, StoredRows
from worker.verify.compare_cells import differing, shown
from worker.verify.parse_cells import Mask, mask, parse_texts
from worker.verify.row_index import UNKNOWN, Numbers, RowIndex, index_rows
from worker.verify.table_diff import TableDiff

Counted = Callable[[int], None]
"""Called with the number of rows of each compared batch."""

_Item = TypeVar("_Item")
_UNSEEN, _MATCHED, _DIFFERS = np.arange(3, dtype=np.uint8)
"""The state of a planned row."""


def verify_shard(source: Source, rows: TableRows, scope: Scope, diff: TableDiff, counted: Counted) -> None:
    """Compare a shard with its source and add to the diff; errors of the source propagate."""
    comparison = _Comparison(source, rows, scope, diff)
    try:
        with _closing(source.compare(rows.table, scope, rows.batch)) as returned:
            _compare(comparison, returned, counted)
        if comparison.is_unparsed:
            with _closing(source.read(rows.table, scope)) as batches:
                comparison.check_values(next(batches, None))
    except _NotEqualError:
        counted(-comparison.withdraw())
        comparison = _Comparison(source, rows, scope, diff)
        _compare(comparison, source.read(rows.table, scope), counted)
    comparison.end()


def _closing(rows: Iterator[_Item]) -> AbstractContextManager[Iterator[_Item]]:
    """Close a generator that is left early: it holds the connection until then."""
    return closing(cast("Generator[_Item, None, None]", rows))


class _NotEqualError(Exception):
    """A row differs from the generated one or is missing. To name the difference, read the rows again as cells."""


def _compare(comparison: "_Comparison", returned: Iterator[Returned], counted: Counted) -> None:
    for found in returned:
        match found:
            case EqualRows():
                comparison.add_equal(found)
                counted(found.rows)
            case StoredRows():
                comparison.add_stored(found)
                counted(len(found.keys))
            case _:
                comparison.add(found)
                counted(found.num_rows)


class _Comparison:
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
        self._parsed_rows = 0
        self.is_unparsed = False
        """Whether rows were compared by their bytes alone."""
        self._states = np.full(scope.shard.rows, _UNSEEN)
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

    def add_equal(self, found: EqualRows) -> None:
        """Count rows whose bytes are equal. Those of other shards are planned, and their workers count them."""
        first = max(found.first - self._shard.first_row, 0)
        stop = min(found.first + found.rows - self._shard.first_row, self._shard.rows)
        if first >= stop:
            return
        if (self._states[first:stop] != _UNSEEN).any():
            self.add(self._rows.batch(self._shard.first_row + first, stop - first))
            return
        self._states[first:stop] = _MATCHED
        self._diff.matched += stop - first

    def withdraw(self) -> int:
        """Take the rows that were compared by their bytes alone out of the diff, and return their number."""
        matched = int((self._states == _MATCHED).sum())
        self._diff.matched -= matched
        self._diff.expected -= self._shard.rows
        return matched

    def check_values(self, batch: pa.RecordBatch | None) -> None:
        """Compare some rows by value: an error of the encoder is in the expected bytes, too."""
        if batch is None:
            return
        numbers = self._row_numbers_of(self._parsed(batch.column(self._rows.table.key.name)))
        known = np.flatnonzero(numbers != UNKNOWN)
        if self._differing_rows(batch.take(pa.array(known)), numbers[known], record=False).any():
            raise _NotEqualError

    def add_stored(self, found: StoredRows) -> None:
        """Compare rows by their bytes, and parse those that are not equal or not the first of their key."""
        if found.parse is None:
            self.is_unparsed = True
        elif self._parsed_rows < base.PARSED_FIRST:
            count = base.PARSED_FIRST - self._parsed_rows
            first, found = found.part(0, count), found.part(count, len(found.keys))
            self._parsed_rows += len(first.keys)
            self.add(first.parsed())
            if not len(found.keys):
                return
        keys = self._parsed(found.keys)
        numbers = self._row_numbers_of(keys)
        offsets = numbers - self._shard.first_row
        own = (numbers != UNKNOWN) & (offsets >= 0) & (offsets < self._shard.rows)
        # A worker that counts unknown rows reads all, because a row of another shard's key may have another content.
        unread = np.ones(len(numbers), np.bool_) if self._counts_unknown else own | mask(keys.is_null())
        compared = np.flatnonzero(unread & (numbers != UNKNOWN))
        equal = compared[self._have_equal_parts(found, compared, numbers[compared])]
        unread[equal[~own[equal]]] = False
        first = equal[own[equal]]
        first = first[np.unique(offsets[first], return_index=True)[1]]
        first = first[self._states[offsets[first]] == _UNSEEN]
        unread[first] = False
        self._states[offsets[first]] = _MATCHED
        self._diff.matched += len(first)
        if unread.any():
            if found.parse is None:
                raise _NotEqualError
            self.add(found.parsed(pa.array(np.flatnonzero(unread))))

    def _have_equal_parts(self, found: StoredRows, places: NDArray[np.int64], numbers: Numbers) -> Mask:
        """Return which of these rows have the bytes of the generated rows with these numbers."""
        equal = np.ones(len(places), np.bool_)
        taken = pa.array(places)
        expected = found.encode(self._rows.at(numbers.astype(np.uint64)))
        for part, wanted in zip(found.parts, expected, strict=True):
            equal &= mask(pc.equal(part.take(taken), wanted))
        return equal

    def add(self, batch: pa.RecordBatch) -> None:
        """Compare one batch of rows, in any order."""
        numbers = self._row_numbers_of(self._parsed(batch.column(self._rows.table.key.name)))
        if self._counts_unknown:
            self._add_extra(batch, np.flatnonzero(numbers == UNKNOWN), "an unplanned row")
        offsets = numbers - self._shard.first_row
        own = np.flatnonzero((numbers != UNKNOWN) & (offsets >= 0) & (offsets < self._shard.rows))
        _, firsts = np.unique(offsets[own], return_index=True)
        is_first = np.zeros(len(own), np.bool_)
        is_first[firsts] = self._states[offsets[own[firsts]]] == _UNSEEN
        first, copies = own[is_first], own[~is_first]
        wrong = self._differing_rows(batch.take(pa.array(first)), numbers[first])
        self._states[offsets[first]] = np.where(wrong, _DIFFERS, _MATCHED)
        self._diff.mismatched += int(wrong.sum())
        self._diff.matched += int((~wrong).sum())
        if len(copies):
            self._add_copies(batch, numbers, copies)

    def _add_copies(self, batch: pa.RecordBatch, numbers: Numbers, copies: NDArray[np.int64]) -> None:
        """Count further copies of rows; a correct copy replaces an earlier copy that differs."""
        if not self._tolerant:
            self._add_extra(batch, copies, "a duplicate row")
        offsets = numbers - self._shard.first_row
        of_wrong_rows = copies[self._states[offsets[copies]] == _DIFFERS]
        if not len(of_wrong_rows):
            return
        right = of_wrong_rows[
            ~self._differing_rows(batch.take(pa.array(of_wrong_rows)), numbers[of_wrong_rows], record=False)
        ]
        found = np.unique(offsets[right])
        self._states[found] = _MATCHED
        self._diff.mismatched -= len(found)
        self._diff.matched += len(found)
        for key in self._shown_keys(found):
            self._diff.drop_cells(key)

    def end(self) -> None:
        """Add the rows that were not found to the missing ones."""
        absent = np.flatnonzero(self._states == _UNSEEN)
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
