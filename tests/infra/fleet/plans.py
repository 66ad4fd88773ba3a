"""A plan of one row for tests that are not about the data."""

from typing import Any

from core.plan import LoadPlan, partition
from core.schema.file import load_schema
from tests.infra.configuration import ROOT


def smallest_plan(workers: int, **changed: Any) -> LoadPlan:
    """Return the plan of a CSV run with this number of workers."""
    schema = load_schema(ROOT / "schemas" / "shop.yaml")
    plan = LoadPlan(
        run_id="run",
        source="csv",
        method="bulk",
        batch_size=1,
        seed=1,
        row_count=1,
        limits=None,
        data=schema,
        workers=partition(schema, [table.name for table in schema.tables], 1, workers, 1),
    )
    return plan.model_copy(update=changed)
