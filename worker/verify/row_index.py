"""Find the number of a row by its key."""

from typing import Protocol

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.plan import Shard
from worker.generate import TableRows
from worker.sources.base import AsStored

Numbers = NDArray[np.int64]
UNKNOWN = -1
_CHUNK = 65_536


class RowIndex(Protocol):
    """Returns row numbers for keys."""

    def __call__(self, keys: pa.Array) -> Numbers:
        """Return each key's row number, UNKNOWN for a key that no row has; keys have the generator's Arrow type."""
        ...


def index_rows(rows: TableRows, within: Shard, as_stored: AsStored) -> RowIndex:
    """Return an index of the rows of `within`; `as_stored` turns a generated key into the stored one."""
    if (first := rows.table.first_key) is not None:
        return _ConsecutiveKeys(first, within)
    return _HashedKeys(rows, within, as_stored)


class _ConsecutiveKeys:
    def __init__(self, start: int, within: Shard) -> None:
        self._start = start
        self._first, self._stop = within.first_row, within.first_row + within.rows

    def __call__(self, keys: pa.Array) -> Numbers:
        numbers = np.asarray(keys.cast(pa.int64()).fill_null(self._start - 1).to_numpy(zero_copy_only=False), np.int64)
        # An overflow is harmless: int64 wraps around to a number that no row has.
        with np.errstate(over="ignore"):
            numbers = numbers - self._start
        return np.where((numbers >= self._first) & (numbers < self._stop), numbers, UNKNOWN)


class _HashedKeys:
    """An index of 12 bytes per row: the sorted hashes of the keys, and the row of each."""

    def __init__(self, rows: TableRows, within: Shard, as_stored: AsStored) -> None:
        self._rows = rows
        self._first = within.first_row
        self._as_stored = as_stored
        hashes = np.empty(within.rows, np.uint64)
        for offset in range(0, within.rows, _CHUNK):
            count = min(_CHUNK, within.rows - offset)
            hashes[offset : offset + count] = _hashes(self._keys(np.arange(offset, offset + count)))
        self._places = np.argsort(hashes).astype(np.uint32)
        # Sort in place: a second copy of the hashes would be the largest object of a worker.
        hashes.sort()
        self._hashes = hashes

    def __call__(self, keys: pa.Array) -> Numbers:
        if not len(self._hashes):
            return np.full(len(keys), UNKNOWN, np.int64)
        wanted = _hashes(keys)
        numbers = np.full(len(keys), UNKNOWN, np.int64)
        # Two keys may have the same hash: check the first and the last place of the hash.
        for side, shift in (("left", 0), ("right", -1)):
            places = np.searchsorted(self._hashes, wanted, side)  # type: ignore[call-overload]
            places = np.clip(places + shift, 0, len(self._hashes) - 1)
            offsets = self._places[places].astype(np.int64)
            same = np.asarray(
                pc.equal(self._keys(offsets), keys).fill_null(False).to_numpy(zero_copy_only=False), np.bool_
            )
            numbers = np.where(same & (numbers == UNKNOWN), offsets + self._first, numbers)
            if (numbers != UNKNOWN).all():
                break
        return numbers

    def _keys(self, offsets: Numbers) -> pa.Array:
        key = self._rows.table.key
        numbers = (offsets + self._first).astype(np.uint64)
        return self._as_stored(key, self._rows.at(numbers, [key.name]).column(0))


def _hashes(keys: pa.Array) -> NDArray[np.uint64]:
    if pa.types.is_fixed_size_binary(keys.type):
        keys = keys.cast(pa.binary())
    return pl.Series(values=pl.from_arrow(keys)).hash().to_numpy()
