"""`append` needs keys that no row has: a redo of a shard removes the rows with its keys, whoever wrote them."""

from typing import cast

from core.errors import ServerError
from core.plan import LoadPlan, OnExisting
from core.stores import capabilities_of
from worker.generate import Dataset
from worker.pipeline import CHUNK_ROWS, keys_of
from worker.sources.base import KeyedSource, Source


def require_free_keys(source: Source, plan: LoadPlan) -> None:
    """Raise ServerError for tables that have a row with a key of the run, if the run appends to them."""
    if plan.on_existing is not OnExisting.APPEND or not capabilities_of(plan.source).key_range_deletable:
        return
    dataset = Dataset(plan.data, plan.seed, plan.row_count, plan.base_instant)
    taken = [name for name in plan.tables if _is_taken(cast("KeyedSource", source), dataset, name, plan.row_count)]
    if taken:
        raise ServerError(
            f"loadtest:onExisting: 'append' needs keys that are free, and table {', '.join(map(repr, taken))} has rows with "
            "keys of this run; change the seed or the start of sequential keys, or set onExisting to empty"
        )


def _is_taken(source: KeyedSource, dataset: Dataset, name: str, row_count: int) -> bool:
    rows = dataset.table(name)
    key = [rows.table.primary_key]
    # Of a table without rows nobody asks for a hundred million keys.
    return source.count(rows.table) > 0 and any(
        source.contains_any(rows.table, keys_of(rows.table, rows.batch(first, min(CHUNK_ROWS, row_count - first), key)))
        for first in range(0, row_count, CHUNK_ROWS)
    )
