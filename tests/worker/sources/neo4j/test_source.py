"""Read while another worker deletes its rows, and while the server does not respond."""

import time
from collections.abc import Iterator

import pytest
from neo4j import GraphDatabase

from core.errors import ServerError
from core.options import OnExisting
from core.plan import BASE_INSTANT, Shard
from core.stores import BULK
from testkit.serving import Served, shared
from tests.worker.sources.loading import DATASET, KEYED, connected, table_of
from worker.generate import Dataset
from worker.pipeline import load_shard
from worker.result.counters import Counters
from worker.sources.base import Scope, Source

pytestmark = pytest.mark.docker
ROWS = 30_000
SHARD = Shard(table=KEYED, seed=42, first_row=0, rows=ROWS)
EVERYTHING = Scope(
    SHARD,
    keys=None,
    exclusive_storage=False,
    checks_unowned_rows=True,
    tolerant=False,
    table_rows=ROWS,
    first_rows=frozenset({0}),
)

MISSED_SECONDS = 60
"""Seconds: the server's keep-alive takes twenty; the rest is for a busy machine."""


@pytest.fixture(scope="module")
def served() -> Served:
    return shared("neo4j")


@pytest.fixture
def source(served: Served) -> Iterator[Source]:
    """Yield a source with the rows of the shard."""
    table = table_of(KEYED)
    data = Dataset(DATASET.schema, seed=42, rows=ROWS, base_instant=BASE_INSTANT).table(KEYED)
    with connected("neo4j", served.connection) as opened:
        opened.prepare([table], OnExisting.EMPTY)
        load_shard(opened, data, SHARD, BULK, 1_000, Counters(total_rows=ROWS))
        yield opened


def test_node_deleted_during_read_is_skipped(served: Served, source: Source) -> None:
    table = table_of(KEYED)
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


def test_unresponsive_server_is_detected(served: Served, source: Source) -> None:
    batches = source.read(table_of(KEYED), EVERYTHING)
    next(batches)
    with served.without_network():
        silent_since = time.monotonic()
        with pytest.raises(ServerError, match="defunct connection"):
            list(batches)
        assert time.monotonic() - silent_since < MISSED_SECONDS
