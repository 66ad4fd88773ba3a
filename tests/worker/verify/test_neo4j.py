"""Nodes are compared as columns of numbers and texts, and read as objects if one differs."""

from collections.abc import Iterator
from unittest.mock import Mock

import pytest
from neo4j import GraphDatabase

from core.schema.model import Table
from testkit.serving import shared
from tests.worker.sources.loading import DATASET, EVERY_KIND, KEYED, connected
from tests.worker.verify.campaign import ROWS, loaded_alone
from worker.sources.base import Source
from worker.sources.neo4j import column_reader
from worker.sources.neo4j.column_reader import has_columns

pytestmark = pytest.mark.docker

_CHANGES = {
    "bool": "n.a_bool = NOT n.a_bool",
    "bool as text": "n.a_bool = toString(n.a_bool)",
    "integer": "n.an_int64 = n.an_int64 + 1",
    "integer as float": "n.an_int8 = toFloat(n.an_int8)",
    "float": "n.a_float64 = n.a_float64 * 1.0000000001",
    "float as integer": "n.a_float64 = 3",
    "zero with a sign": "n.a_float64 = -0.0",
    "text": "n.a_text = n.a_text + ' '",
    "uuid": "n.a_uuid = toUpper(n.a_uuid) + 'A'",
    "nanosecond": "n.a_timestamp = n.a_timestamp + duration({nanoseconds: 1000})",
    "second with a zone": "n.a_timestamp_tz = n.a_timestamp_tz + duration({seconds: 1})",
    "datetime as text": "n.a_datetime = toString(n.a_datetime)",
    "datetime with a zone": "n.a_datetime = datetime({datetime: n.a_datetime, timezone: 'Z'})",
    "instant without a zone": "n.a_timestamp_tz = localdatetime(n.a_timestamp_tz)",
    "date": "n.a_date = n.a_date + duration({days: 1})",
    "time": "n.a_time = n.a_time + duration({microseconds: 1})",
    "null": "n.a_text = NULL",
    "additional property": "n.unplanned = 1",
    "another property": "n.unplanned = n.a_text, n.a_text = NULL",
}
"""By name, a change of one node."""


@pytest.fixture(scope="module")
def source() -> Iterator[Source]:
    with connected("neo4j", shared("neo4j").connection) as opened:
        yield opened


@pytest.fixture(autouse=True)
def small_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read several ranges of keys."""
    monkeypatch.setattr(column_reader, "_NODES", 16)


def _table(name: str) -> Table:
    """Return a table with the columns that are read as numbers and texts."""
    table = DATASET.schema.table(name)
    kept = tuple(c for c in table.columns if has_columns(table.model_copy(update={"columns": (c,)})))
    return table.model_copy(update={"name": f"{name}_columns", "columns": kept})


@pytest.mark.parametrize("name", [EVERY_KIND, KEYED])
def test_equal_nodes_are_read_as_columns(source: Source, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = loaded_alone(source, _table(name))
    read = Mock(wraps=source.read)
    monkeypatch.setattr(source, "read", read)
    diff = compared()
    assert (diff.matched, diff.mismatched, diff.missing, diff.extra) == (ROWS, 0, 0, 0)
    assert read.call_count == 1


def test_each_change_of_a_node_is_found(source: Source) -> None:
    table, at = _table(EVERY_KIND), shared("neo4j").connection
    compared = loaded_alone(source, table)
    login = (at.user or "", at.password or "")
    with GraphDatabase.driver(f"bolt://{at.host}:{at.port}", auth=login) as driver:
        for name, change in _CHANGES.items():
            changed = change.partition(" ")[0] if "unplanned" not in change else "n.a_text"
            node = f"MATCH (n:{table.name}) WHERE {changed} IS NOT NULL WITH n ORDER BY n.id LIMIT 1"
            query = f"{node} WITH n, properties(n) AS before SET {change} RETURN elementId(n), before"
            ((element, before),) = driver.execute_query(query).records
            diff = compared()
            assert (name, diff.matched, diff.mismatched, diff.missing, diff.extra) == (name, ROWS - 1, 1, 0, 0)
            driver.execute_query(
                "MATCH (n) WHERE elementId(n) = $element SET n = $before", element=element, before=before
            )
    assert compared().matched == ROWS
