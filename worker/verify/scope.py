"""Divide a table among the workers that verify it: every row is counted by exactly one of them."""

from core.plan import LoadPlan, OnExisting, Shard
from core.schema.generators import Sequential
from core.schema.model import Table
from core.stores import SOURCES
from worker.generate.arrow import arrow_type
from worker.sources.base import KeySpan, Scope
from worker.verify.row_index import is_consecutive


def shards_of(plan: LoadPlan, table: str) -> list[Shard]:
    """All workers' shards of a table, in the order of its rows."""
    own = (shard for worker in plan.workers for shard in worker.shards if shard.table == table)
    return sorted(own, key=lambda shard: shard.first_row)


def scope_of(plan: LoadPlan, shard: Shard) -> Scope:
    """Return what the worker of a shard reads back, and which rows it counts.

    After an `append` the run's own place is still known in files and topics that this run loaded (`apart`), and all that
    lies there is counted. Anywhere else rows of before are among the run's, so that only the planned keys are looked for.
    """
    shards = shards_of(plan, shard.table)
    firsts = [each.first_row for each in shards]
    place = firsts.index(shard.first_row)
    last = place + 1 == len(firsts)
    appended = plan.on_existing is OnExisting.APPEND
    by_keys = SOURCES[plan.source].key_range_deletable
    # An earlier run's workers may have been more, or fewer: where their rows lie says nothing about whose they are.
    apart = plan.operation.populates and not by_keys
    down, up = place == 0 and not appended, last and not appended
    return Scope(
        shard=shard,
        keys=_keys(plan.data.table(shard.table), shard, down=down, up=up) if by_keys else None,
        exclusive_storage=apart,
        checks_unowned_rows=place == 0 and not appended,
        tolerant=appended and not apart,
        table_rows=sum(each.rows for each in shards),
        first_rows=frozenset(firsts),
    )


def _keys(table: Table, shard: Shard, *, down: bool, up: bool) -> KeySpan | None:
    """Return the shard's keys, without a lower or an upper bound if asked; None if they are not consecutive numbers."""
    generator = table.key.generator
    if not (isinstance(generator, Sequential) and is_consecutive(table.key, arrow_type(table.key.type))):
        return None
    first = generator.start + shard.first_row
    return KeySpan(None if down else first, None if up else first + shard.rows)
