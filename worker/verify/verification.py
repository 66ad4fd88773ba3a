"""Compare all shards of a worker with the source; decide which rows it reads and counts."""

import time

import pyarrow.compute as pc

from core.options import OnExisting, VerifyDepth
from core.plan import LoadPlan, Shard, WorkerPlan
from core.results import VerificationReport
from core.schema.model import Table
from core.stores import SOURCES
from worker.generate import Dataset, TableRows
from worker.pipeline import CHUNK_ROWS
from worker.result.counters import Counters
from worker.sources.base import Fingerprint, KeySpan, Scope, Source
from worker.sources.row_checksum import total_of
from worker.verify.shard import verify_shard
from worker.verify.table_diff import TableDiff, report_of


def is_as_generated(source: Source, rows: TableRows, scope: Scope) -> bool:
    """Return whether the server's fingerprint equals the generated one; False if the source has no fingerprint.

    A fingerprint is the number of rows, the least and greatest key, and a checksum: the `checksum` depth.
    """
    found = source.fingerprint(rows.table, scope)
    return found is not None and found == _generated_fingerprint(source, rows, scope)


def _generated_fingerprint(source: Source, rows: TableRows, scope: Scope) -> Fingerprint:
    shard = scope.shard
    total, smallest, largest = 0, None, None
    for first in range(shard.first_row, shard.first_row + shard.rows, CHUNK_ROWS):
        count = min(CHUNK_ROWS, shard.first_row + shard.rows - first)
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


def shards_of(plan: LoadPlan, table: str) -> list[Shard]:
    """Return the shards of a table of all workers, in the order of the rows."""
    own = (shard for worker in plan.workers for shard in worker.shards if shard.table == table)
    return sorted(own, key=lambda shard: shard.first_row)


def scope_of(plan: LoadPlan, shard: Shard) -> Scope:
    """Return what the worker of a shard reads, and which rows it counts. Exactly one worker counts each row.

    After an `append`, files and topics that this run loaded still have exclusive storage, and all rows in it are counted.
    Elsewhere older rows are mixed with those of the run, so only the planned keys are checked.
    """
    shards = shards_of(plan, shard.table)
    firsts = [each.first_row for each in shards]
    place = firsts.index(shard.first_row)
    last = place + 1 == len(firsts)
    appended = plan.on_existing is OnExisting.APPEND
    by_keys = SOURCES[plan.source].key_range_deletable
    # The number of workers of an earlier run is unknown, so the place of a row does not identify its shard.
    exclusive = plan.operation.populates and not by_keys
    down, up = place == 0 and not appended, last and not appended
    return Scope(
        shard=shard,
        keys=_keys(plan.data.table(shard.table), shard, down=down, up=up) if by_keys else None,
        exclusive_storage=exclusive,
        checks_unowned_rows=place == 0 and not appended,
        tolerant=appended and not exclusive,
        table_rows=sum(each.rows for each in shards),
        first_rows=frozenset(firsts),
    )


def _keys(table: Table, shard: Shard, *, down: bool, up: bool) -> KeySpan | None:
    """Return the span of the shard's keys, open at the ends `down` and `up`; None if they are not consecutive numbers."""
    if table.first_key is None:
        return None
    first = table.first_key + shard.first_row
    return KeySpan(None if down else first, None if up else first + shard.rows)


class Verification:
    """The comparison of one worker. Its report contains completely compared shards only."""

    def __init__(self) -> None:
        self._diffs: dict[str, TableDiff] = {}

    @property
    def report(self) -> VerificationReport | None:
        """The report, or None before the end of the first shard."""
        return report_of(self._diffs) if self._diffs else None

    def run(self, source: Source, plan: LoadPlan, worker: WorkerPlan, dataset: Dataset, counters: Counters) -> None:
        """Compare every shard of the worker, at the depth of the plan."""
        for shard in worker.shards:
            diff = self._diffs.get(shard.table, TableDiff(shard.table))
            rows, scope = dataset.table(shard.table), scope_of(plan, shard)
            started = time.perf_counter()
            try:
                if plan.verify_depth is VerifyDepth.CHECKSUM and is_as_generated(source, rows, scope):
                    diff.expected += shard.rows
                    diff.matched += shard.rows
                    counters.add_compared(shard.rows)
                else:
                    verify_shard(source, rows, scope, diff, counters.add_compared)
            finally:
                seconds = time.perf_counter() - started
                diff.seconds += seconds
                counters.add_seconds("verify", seconds)
            self._diffs[shard.table] = diff
