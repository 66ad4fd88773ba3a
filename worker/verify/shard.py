"""One shard read back in full: each row is located by its key, and its cells are compared in whole columns."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spec.plan import Shard
from worker.generate import TableRows
from worker.sources.base import Scope, Source
from worker.verify.compare import differing, shown
from worker.verify.findings import Findings
from worker.verify.locate import UNKNOWN, Numbers, locator_of
from worker.verify.reading import Mask, read_texts

Counted = Callable[[int], None]
"""Told of the rows of each batch once they are compared."""


def verify_shard(source: Source, rows: TableRows, scope: Scope, findings: Findings, counted: Counted) -> None:
    """Compare a shard with its source and add to the findings; raises what the source raises."""
    comparison = _Comparison(source, rows, scope, findings)
    for batch in source.read(rows.table, scope):
        comparison.add(batch)
        counted(batch.num_rows)
    comparison.end()


class _Comparison:
    def __init__(self, source: Source, rows: TableRows, scope: Scope, findings: Findings) -> None:
        self._rows = rows
        self._shard = scope.shard
        self._findings = findings
        self._held = source.held
        self._apart = scope.apart
        self._counts_unknown = scope.leads or scope.keys is not None
        self._keys = scope.keys
        self._locate = locator_of(rows, self._known(scope), source.held)
        self._seen = np.zeros(scope.shard.rows, np.bool_)
        findings.expected += scope.shard.rows

    def _known(self, scope: Scope) -> Shard:
        """Whose rows have to be told from rows that belong to nobody: all shards', by the one who reads everything."""
        if self._apart or scope.keys is not None or not scope.leads:
            return scope.shard
        return scope.shard.model_copy(update={"rows": scope.table_rows})

    def add(self, batch: pa.RecordBatch) -> None:
        """One batch of rows, in any order."""
        keys, mine = self._typed_keys(batch)
        numbers = self._locate(keys)
        offsets = numbers - self._shard.first_row
        own = (numbers != UNKNOWN) & (offsets >= 0) & (offsets < self._shard.rows)
        again = self._sighted_again(own, offsets)
        if self._apart or self._counts_unknown:
            # Every row of a part is its shard's own; elsewhere a row that another shard has is that one's to look at.
            self._extra(batch, ~own if self._apart else mine & (numbers == UNKNOWN), "a row that nobody planned")
        self._extra(batch, again, "the row a second time")
        first_sight = own & ~again
        self._seen[offsets[first_sight]] = True
        self._compare(batch.filter(pa.array(first_sight)), numbers[first_sight])

    def end(self) -> None:
        """What was never seen is missing."""
        absent = np.flatnonzero(~self._seen)
        self._findings.missing += len(absent)
        first = absent[: self._findings.room].astype(np.uint64) + np.uint64(self._shard.first_row)
        key = self._rows.table.key
        for cell in self._held(key, self._rows.at(first, [key.name]).column(0)):
            self._findings.note(shown(cell, key), None, "the row", None)

    def _typed_keys(self, batch: pa.RecordBatch) -> tuple[pa.Array, Mask]:
        """The keys as the generator has them, and which rows are for this scope to judge."""
        key = self._rows.table.key
        keys = batch.column(key.name)
        target = self._rows.schema.field(key.name).type
        if keys.type != target:
            keys = read_texts(keys.cast(pa.string()), key.type).values
        mine = np.ones(len(keys), np.bool_)
        if self._keys is not None:
            values = keys.cast(pa.int64()).fill_null(self._keys.low).to_numpy(zero_copy_only=False)
            mine = (values >= self._keys.low) & (values <= self._keys.high)
        return keys, mine

    def _sighted_again(self, own: Mask, offsets: Numbers) -> Mask:
        """Rows that were in an earlier batch, or are in this one for a second time."""
        again = np.zeros(len(own), np.bool_)
        places = np.flatnonzero(own)
        _, first = np.unique(offsets[places], return_index=True)
        again[places] = True
        again[places[first]] = False
        again[places] |= self._seen[offsets[places]]
        return again

    def _extra(self, batch: pa.RecordBatch, which: NDArray[np.bool_], why: str) -> None:
        places = np.flatnonzero(which)
        self._findings.extra += len(places)
        key = self._rows.table.key
        for place in places[: self._findings.room]:
            self._findings.note(shown(batch.column(key.name)[int(place)], key), None, None, why)

    def _compare(self, found: pa.RecordBatch, numbers: Numbers) -> None:
        expected = self._rows.at(numbers.astype(np.uint64))
        wrong = np.zeros(len(numbers), np.bool_)
        for column in self._rows.table.columns:
            ours, theirs = self._held(column, expected.column(column.name)), found.column(column.name)
            cells = differing(theirs, ours, column.type)
            wrong |= cells
            for place in np.flatnonzero(cells)[: self._findings.room]:
                row = int(place)
                key = self._rows.table.key
                named = shown(expected.column(key.name)[row], key)
                self._findings.note(
                    named, column.name, _or_null(shown(ours[row], column)), _or_null(shown(theirs[row], column))
                )
        self._findings.mismatched += int(wrong.sum())
        self._findings.matched += int((~wrong).sum())


def _or_null(text: str | None) -> str:
    return "NULL" if text is None else text
