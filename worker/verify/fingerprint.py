"""The quick depth: count, least and greatest key and a sum, added up by the server and compared with the generator's."""

import pyarrow.compute as pc

from worker.generate import TableRows
from worker.sources.base import Fingerprint, Scope, Source
from worker.sources.row_checksum import total_of

_CHUNK = 16_384


def is_as_generated(source: Source, rows: TableRows, scope: Scope) -> bool:
    """Whether the source's own sum is the generator's; False too where the source has no such sum."""
    found = source.fingerprint(rows.table, scope)
    return found is not None and found == _expected(source, rows, scope)


def _expected(source: Source, rows: TableRows, scope: Scope) -> Fingerprint:
    shard = scope.shard
    total, smallest, largest = 0, None, None
    for first in range(shard.first_row, shard.first_row + shard.rows, _CHUNK):
        count = min(_CHUNK, shard.first_row + shard.rows - first)
        batch = rows.batch(first, count)
        for place, column in enumerate(rows.table.columns):
            as_stored = source.as_stored(column, batch.column(column.name))
            batch = batch.set_column(place, batch.schema.field(place), as_stored)
        keys = pc.min_max(batch.column(rows.table.primary_key))
        smallest = min(filter(_known, (smallest, keys["min"].as_py())))
        largest = max(filter(_known, (largest, keys["max"].as_py())))
        total += total_of(rows.table, batch)
    return Fingerprint(shard.rows, smallest, largest, total % 2**64)


def _known(key: object) -> bool:
    return key is not None
