"""Compare one shard in full: by its bytes where they are equal to the encoder's, else by value."""

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing
from typing import TypeVar, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from worker.generate import TableRows
from worker.sources import base
from worker.sources.base import EqualRows, Returned, Scope, Source, StoredRows
from worker.verify.parse_cells import Mask, mask
from worker.verify.row_comparison import MATCHED, UNSEEN, RowComparison
from worker.verify.row_index import UNKNOWN, Numbers
from worker.verify.table_diff import TableDiff

Counted = Callable[[int], None]
"""Called with the number of rows of each compared batch."""

_Item = TypeVar("_Item")


def verify_shard(source: Source, rows: TableRows, scope: Scope, diff: TableDiff, counted: Counted) -> None:
    """Compare a shard with its source and add to the diff; errors of the source propagate."""
    comparison = _ByteComparison(source, rows, scope, diff)
    try:
        with _closing(source.compare(rows.table, scope, rows.batch)) as returned:
            _compare(comparison, returned, counted)
        if comparison.is_unparsed:
            with _closing(source.read(rows.table, scope)) as batches:
                comparison.check_values(next(batches, None))
    except _NotEqualError:
        counted(-comparison.withdraw())
        comparison = _ByteComparison(source, rows, scope, diff)
        _compare(comparison, source.read(rows.table, scope), counted)
    comparison.end()


def _closing(rows: Iterator[_Item]) -> AbstractContextManager[Iterator[_Item]]:
    """Close a generator that is left early: it holds the connection until then."""
    return closing(cast("Generator[_Item, None, None]", rows))


class _NotEqualError(Exception):
    """A row differs from the generated one or is missing. To name the difference, read the rows again as cells."""


def _compare(comparison: "_ByteComparison", returned: Iterator[Returned], counted: Counted) -> None:
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


class _ByteComparison(RowComparison):
    """Compare rows by their stored bytes, and by value only those whose bytes are not equal."""

    def __init__(self, source: Source, rows: TableRows, scope: Scope, diff: TableDiff) -> None:
        super().__init__(source, rows, scope, diff)
        self._parsed_rows = 0
        self.is_unparsed = False
        """Whether rows were compared by their bytes alone."""

    def add_equal(self, found: EqualRows) -> None:
        """Count rows whose bytes are equal. Those of other shards are planned, and their workers count them."""
        first = max(found.first - self._shard.first_row, 0)
        stop = min(found.first + found.rows - self._shard.first_row, self._shard.rows)
        if first >= stop:
            return
        if (self._states[first:stop] != UNSEEN).any():
            self.add(self._rows.batch(self._shard.first_row + first, stop - first))
            return
        self._states[first:stop] = MATCHED
        self._diff.matched += stop - first

    def withdraw(self) -> int:
        """Take the rows that were compared by their bytes alone out of the diff, and return their number."""
        matched = int((self._states == MATCHED).sum())
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
        first = first[self._states[offsets[first]] == UNSEEN]
        unread[first] = False
        self._states[offsets[first]] = MATCHED
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
