"""A reader beside a worker that takes back its rows: nothing isolates one transaction from another."""

import pytest
from neo4j import GraphDatabase

from spec.plan import BASE_INSTANT, OnExisting, Shard
from tests.serving import serving
from tests.worker.sources.loading import DATASET, KEYED, connected, table_of
from worker.generate import Dataset
from worker.load import load_shard
from worker.sources.base import Scope
from worker.tally import Tally

pytestmark = pytest.mark.docker
ROWS = 30_000
SHARD = Shard(table=KEYED, seed=42, first_row=0, rows=ROWS)
EVERYTHING = Scope(SHARD, keys=None, apart=False, leads=True, table_rows=ROWS, first_rows=frozenset({0}))


def test_a_node_that_goes_while_it_is_read_is_no_row() -> None:
    table = table_of(KEYED)
    data = Dataset(DATASET.schema, seed=42, rows=ROWS, base_instant=BASE_INSTANT).table(KEYED)
    with serving("neo4j") as served, connected("neo4j", served.connection) as source:
        source.prepare([table], OnExisting.EMPTY)
        load_shard(source, data, SHARD, "bulk", 1_000, Tally(total_rows=ROWS))
        batches = source.read(table, EVERYTHING)
        read = [next(batches)]
        at = served.connection
        with GraphDatabase.driver(f"bolt://{at.host}:{at.port}", auth=(at.user or "", at.password or "")) as driver:
            driver.execute_query(f"MATCH (n:{KEYED}) DELETE n")
            driver.execute_query(f"CREATE (n:{KEYED} {{`order`: 'a row without a key, which is there'}})")
            read += batches
    keys = [key for batch in read for key in batch.column(table.primary_key).to_pylist()]
    assert keys.count(None) == 1
    assert len(keys) < ROWS
