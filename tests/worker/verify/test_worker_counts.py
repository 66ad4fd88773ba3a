"""The counts of a verification are equal for any number of workers and any other rows in the table."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

import numpy as np
import pyarrow as pa
import pytest
from numpy.random import Generator

from core.options import OnExisting, Operation
from core.plan import BASE_INSTANT, LoadPlan, Shard, partition
from core.schema.file import parse_schema
from core.stores import BULK
from tests.worker.sources.loading import connected
from tests.worker.verify.campaign import replaced
from tests.worker.verify.conftest import Place
from tests.worker.verify.other_clients import NAMED, NUMBERED, OTHER_CLIENTS
from worker.generate import Dataset
from worker.result.counters import Counters
from worker.sources.base import Source, WorkerSlot
from worker.verify.verification import Verification

ROWS = 101
WORKERS = (1, 2, 3, 8)
_FIELDS = """
    fields:
      - {name: amount, type: "decimal(10,2)", generator: {type: decimal_range, min: -99.99, max: 99.99}}
      - {name: note, type: text, generator: {type: pattern, pattern: "note {index}"}}
"""
_SCHEMA = f"""
tables:
  - name: {NUMBERED}
    id: {{type: big_int, generator: {{type: sequential, start: 1}}}}{_FIELDS}
  - name: {NAMED}
    id: {{type: "varchar(40)", generator: {{type: pattern, pattern: "key-{{index}}"}}}}{_FIELDS}
"""
DATASET = Dataset(parse_schema(_SCHEMA, "counts.yaml"), seed=7, rows=ROWS, base_instant=BASE_INSTANT)
Figures = Mapping[str, int]
loaded = pytest.mark.parametrize(
    ("place", "name", "on_existing"),
    [
        *((place, name, OnExisting.EMPTY) for place in ("csv", "jsonl") for name in (NUMBERED, NAMED)),
        pytest.param("kafka", NUMBERED, OnExisting.EMPTY, marks=pytest.mark.docker),
        # A folder of files refuses a second run of a table with `append`.
        pytest.param("kafka", NAMED, OnExisting.APPEND, marks=pytest.mark.docker),
    ],
    indirect=["place"],
)
in_topics = pytest.mark.parametrize("place", [pytest.param("kafka", marks=pytest.mark.docker)], indirect=True)


def _plan(source: str, name: str, workers: int, **plan: object) -> LoadPlan:
    return LoadPlan.model_validate(
        {
            "run_id": "", "source": source, "operation": Operation.VERIFY, "method": BULK,
            "batch_size": 50, "seed": 7, "row_count": ROWS, "limits": None, "data": DATASET.schema,
            "workers": partition(DATASET.schema, [name], ROWS, workers, 7), **plan,
        }
    )  # fmt: skip


def _figures(sources: Sequence[Source], plan: LoadPlan) -> Figures:
    """Return the counts of all workers together; they use their own sources, or share one."""
    total: Counter[str] = Counter()
    for index, worker in enumerate(plan.workers):
        verification = Verification()
        verification.run(sources[index % len(sources)], plan, worker, DATASET, Counters(loads=False))
        if (report := verification.report) is not None:
            (table,) = report.tables
            total.update(table.model_dump(include={"expected", "found", "missing", "mismatched", "matched", "extra"}))
    return total


def _expected(missing: int = 0, mismatched: int = 0, extra: int = 0) -> Figures:
    matched = ROWS - missing - mismatched
    return {
        "expected": ROWS, "found": matched + mismatched + extra, "missing": missing, "mismatched": mismatched,
        "matched": matched, "extra": extra,
    }  # fmt: skip


class _Damage:
    """The rows of a damaged table."""

    def __init__(self, name: str, random: Generator) -> None:
        rows = DATASET.table(name).batch(0, ROWS)
        chosen = random.permutation(ROWS)
        self.missing, self.changed = chosen[:9], chosen[9:20]
        # Correct rows as well as changed ones.
        self.doubled = chosen[17:26]
        self.keys = rows.column("id").take(pa.array(self.doubled)).to_pylist()
        changed = rows
        for row in self.changed:
            changed = replaced(changed, "note", int(row), (int(row) + 1) % ROWS)
        self.rows = changed.take(pa.array(np.setdiff1d(np.arange(ROWS), self.missing)))
        self.copies = rows.take(pa.array(self.doubled))
        self.unplanned = _with_keys(name, DATASET.table(name).batch(ROWS, 5))


def _with_keys(name: str, rows: pa.RecordBatch) -> pa.RecordBatch:
    """Return rows with keys outside of all shards, some far below or above."""
    if name == NAMED:
        return rows
    keys = pa.array([-7, 0, ROWS + 1, 2**62, -(2**63)], pa.int64())
    return rows.set_column(0, rows.schema.field(0), keys)


def _write(place: Place, name: str, rows: pa.RecordBatch, on_existing: OnExisting = OnExisting.EMPTY) -> None:
    """Load with one worker. It closes its connection, because an open one would block MySQL's ALTER TABLE."""
    table = DATASET.schema.table(name)
    with connected(place.source, place.connection) as source:
        source.prepare([table], on_existing)
        with source.sink(table, Shard(table=name, seed=7, first_row=0, rows=rows.num_rows), BULK) as sink:
            sink.send(iter([sink.encode(rows)]))


@pytest.mark.parametrize("name", [NUMBERED, NAMED])
def test_counts_do_not_depend_on_worker_number(place: Place, name: str) -> None:
    random = np.random.default_rng(5)
    damage, client = _Damage(name, random), OTHER_CLIENTS[place.source](place)
    client.reset(name)
    rows, wrong = pa.concat_batches([damage.rows, damage.unplanned]), len(damage.changed)
    extra = damage.unplanned.num_rows
    if place.source in ("csv", "jsonl", "kafka"):
        rows = pa.concat_batches([rows, damage.copies])
        extra += damage.copies.num_rows
        # A correct copy of a row counts as the row, regardless of the order of reading.
        wrong -= len(np.intersect1d(damage.changed, damage.doubled))
    rows = rows.take(pa.array(random.permutation(rows.num_rows)))
    _write(place, name, rows)
    if place.source not in ("csv", "jsonl", "kafka"):
        extra += client.double(name, damage.keys)
    extra += client.add(name)
    wanted = {
        OnExisting.EMPTY: _expected(len(damage.missing), wrong, extra),
        OnExisting.APPEND: _expected(len(damage.missing), wrong),
    }
    with connected(place.source, place.connection) as source:
        for depth in ("full", "checksum") if place.source == "postgresql" else ("full",):
            for on_existing, expected in wanted.items():
                plan = {"on_existing": on_existing, "verify_depth": depth}
                found = {workers: _figures([source], _plan(place.source, name, workers, **plan)) for workers in WORKERS}
                assert found == dict.fromkeys(WORKERS, expected)
    client.reset(name)


@contextmanager
def _fleet(place: Place, workers: int) -> Iterator[list[Source]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(connected(place.source, place.connection, WorkerSlot(n, workers)))
            for n in range(workers)
        ]


@loaded
def test_counts_of_loading_run_do_not_depend_on_workers(place: Place, name: str, on_existing: OnExisting) -> None:
    """Each worker reads its own storage; with `append` the table also has rows of an earlier run."""
    found = {}
    for workers in WORKERS:
        _write(place, name, DATASET.table(name).batch(0, ROWS))
        plan = _plan(place.source, name, workers, operation=Operation.POPULATE_AND_VERIFY, on_existing=on_existing)
        with _fleet(place, workers) as fleet:
            fleet[0].prepare([DATASET.schema.table(name)], on_existing)
            for each, worker in zip(fleet, plan.workers, strict=True):
                _load_damaged(each, name, worker.shards)
            found[workers] = _figures(fleet, plan)
    assert found == dict.fromkeys(WORKERS, _expected(missing=2, mismatched=2, extra=3))


def _load_damaged(source: Source, name: str, shards: Sequence[Shard]) -> None:
    for shard in shards:
        rows = DATASET.table(name).batch(shard.first_row, shard.rows)
        numbers = np.arange(shard.first_row, shard.first_row + shard.rows)
        for row in (3, 70):
            if row in numbers:
                rows = replaced(rows, "note", row - shard.first_row, row - shard.first_row - 1)
        kept = np.flatnonzero(~np.isin(numbers, (10, 90)))
        again = np.flatnonzero(np.isin(numbers, (5, 60)))
        rows = rows.take(pa.array(np.concatenate([kept, again])))
        if shard.first_row + shard.rows == ROWS:
            rows = pa.concat_batches([rows, DATASET.table(name).batch(ROWS + 4, 1)])
        with source.sink(DATASET.schema.table(name), shard, BULK) as sink:
            sink.send(iter([sink.encode(rows)]))


@in_topics
def test_append_counts_no_row_twice(place: Place, source: Source) -> None:
    """A second run appends the same rows; either copy may be read first."""
    for on_existing in (OnExisting.EMPTY, OnExisting.APPEND):
        _write(place, NUMBERED, DATASET.table(NUMBERED).batch(0, ROWS), on_existing)
    for workers in WORKERS:
        plan = _plan(place.source, NUMBERED, workers, on_existing=OnExisting.APPEND)
        assert _figures([source], plan) == _expected()
