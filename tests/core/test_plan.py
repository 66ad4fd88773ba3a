from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import PlanError
from core.plan import LoadPlan, partition
from core.schema.file import parse_schema


def schema_of(tables):
    names = "".join(
        f"\n  - {{name: t{number}, primary_key: id, columns: [{{name: id, data_type: integer}}]}}"
        for number in range(tables)
    )
    return parse_schema(f"tables:{names}", "made.yaml")


def names_of(schema):
    return tuple(table.name for table in schema.tables)


def plan_of(workers=2, **changed):
    schema = schema_of(3)
    settings = {
        "run_id": "r",
        "source": "csv",
        "method": "bulk",
        "batch_size": 10,
        "seed": 42,
        "row_count": 100,
        "limits": None,
        "data": schema,
        "workers": partition(schema, names_of(schema), 100, workers, 42),
    }
    return LoadPlan(**{**settings, **changed})


def shards_of(workers):
    return [[(shard.table, shard.first_row, shard.rows) for shard in worker.shards] for worker in workers]


@given(tables=st.integers(1, 6), rows=st.integers(1, 500), workers=st.integers(1, 40))
def test_partition_assigns_each_row_once_and_evenly(tables, rows, workers):
    schema = schema_of(tables)
    shared = partition(schema, names_of(schema), rows, workers, 42)
    assert [worker.id for worker in shared] == [f"worker-{number}" for number in range(1, workers + 1)]
    for name in names_of(schema):
        own = sorted((s.first_row, s.rows) for worker in shared for s in worker.shards if s.table == name)
        assert own[0][0] == 0
        assert all(first + count == following for (first, count), (following, _) in pairwise(own))
        assert sum(own[-1]) == rows
        assert all(count > 0 for _, count in own)
    loads = [worker.rows for worker in shared]
    if workers > tables:
        assert max(loads) - min(loads) <= 1
    else:
        assert max(loads) - min(loads) <= rows


def test_partition_assigns_whole_tables_round_robin():
    schema = schema_of(3)
    assert shards_of(partition(schema, names_of(schema), 10, 2, 42)) == [
        [("t0", 0, 10), ("t2", 0, 10)],
        [("t1", 0, 10)],
    ]


def test_partition_splits_tables_among_more_workers():
    schema = schema_of(2)
    assert shards_of(partition(schema, names_of(schema), 9, 3, 42)) == [
        [("t0", 0, 6)],
        [("t1", 0, 6)],
        [("t0", 6, 3), ("t1", 6, 3)],
    ]


def test_partition_can_leave_workers_without_rows():
    schema = schema_of(1)
    assert [worker.rows for worker in partition(schema, ("t0",), 2, 4, 42)] == [0, 1, 0, 1]


def test_table_seed_depends_only_on_position_in_schema():
    schema = schema_of(3)
    seeds = {s.table: s.seed for worker in partition(schema, names_of(schema), 10, 7, 42) for s in worker.shards}
    assert seeds == {"t0": 42, "t1": 43, "t2": 44}
    assert [shard.seed for shard in partition(schema, ("t2",), 10, 1, 42)[0].shards] == [44]


def test_plan_round_trips_through_json():
    plan = plan_of()
    assert LoadPlan.model_validate_json(plan.model_dump_json()) == plan


@pytest.mark.parametrize(
    "changed", [{"seed": 43}, {"batch_size": 11}, {"method": "insert"}, {"workers": 3}, {"run_id": "s"}]
)
def test_digest_differs_between_plans(changed):
    assert LoadPlan.model_validate_json(plan_of().model_dump_json()).digest() == plan_of().digest()
    assert plan_of(**changed).digest() != plan_of().digest()


def test_plan_counts_rows_per_worker_table_and_run():
    plan = plan_of(workers=7)
    assert plan.rows == sum(worker.rows for worker in plan.workers) == 300
    rows = {
        name: sum(s.rows for worker in plan.workers for s in worker.shards if s.table == name) for name in plan.tables
    }
    assert rows == {"t0": 100, "t1": 100, "t2": 100}
    assert plan.tables == ("t0", "t1", "t2")


@pytest.mark.parametrize("index", [-1, 2])
def test_plan_rejects_unknown_worker_index(index):
    with pytest.raises(PlanError, match=f"--index: {index} is not a worker of this plan; write a number from 0 to 1"):
        plan_of().worker(index)
