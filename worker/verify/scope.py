"""Who reads what: the scopes of all shards of a table leave none of its rows unread."""

from spec.generators import Sequential
from spec.plan import LoadPlan, OnExisting, Shard
from spec.schema import Table
from spec.sources import SOURCES
from worker.generate.arrow import arrow_type
from worker.sources.base import KeyRange, Scope
from worker.verify.locate import is_consecutive

LOWEST, HIGHEST = -(2**63), 2**63 - 1
"""Of the keys that a server can hold."""


def shards_of(plan: LoadPlan, table: str) -> list[Shard]:
    """All workers' shards of a table, in the order of its rows."""
    own = (shard for worker in plan.workers for shard in worker.shards if shard.table == table)
    return sorted(own, key=lambda shard: shard.first_row)


def scope_of(plan: LoadPlan, shard: Shard) -> Scope:
    """What the worker of a shard reads back; rows that were there before an `append` are nobody's."""
    shards = shards_of(plan, shard.table)
    firsts = [each.first_row for each in shards]
    place = firsts.index(shard.first_row)
    last = place + 1 == len(firsts)
    alone = plan.on_existing is not OnExisting.APPEND
    return Scope(
        shard=shard,
        keys=_keys(plan.data.table(shard.table), shard, down=alone and place == 0, up=alone and last),
        # An earlier run's workers may have been more, or fewer: where their rows lie says nothing about whose they are.
        apart=plan.operation.populates and not SOURCES[plan.source].key_range_deletable,
        leads=alone and place == 0,
        table_rows=sum(each.rows for each in shards),
        first_rows=frozenset(firsts),
    )


def _keys(table: Table, shard: Shard, *, down: bool, up: bool) -> KeyRange | None:
    """The shard's keys, and all below the first shard's or above the last one's."""
    generator = table.key.generator
    if not (isinstance(generator, Sequential) and is_consecutive(table.key, arrow_type(table.key.type))):
        return None
    first = generator.start + shard.first_row
    return KeyRange(LOWEST if down else first, HIGHEST if up else first + shard.rows - 1)
