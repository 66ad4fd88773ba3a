"""Partitions belong to one worker each, so that a retry removes only its own rows."""

from collections.abc import Iterator, Sequence

import pytest

from core.connection import parse_connection
from core.errors import InputError
from core.options import OnExisting
from core.stores import KAFKA
from testkit.serving import Served, serving
from tests.worker.sources.beds.kafka import KafkaBed
from tests.worker.sources.loading import KEYED, TABLES, connected, load, table_of
from worker.sources import open_source
from worker.sources.base import WorkerSlot

pytestmark = pytest.mark.docker
BED = KafkaBed()


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving("kafka") as server:
        yield server


def _prepared(served: Served, workers: int, on_existing: OnExisting) -> None:
    with connected("kafka", served.connection, WorkerSlot(0, workers)) as source:
        source.prepare(TABLES, on_existing)


def _keys(served: Served) -> Sequence[str]:
    return sorted(row["order"] for row in BED.rows(served, table_of(KEYED)))


def _load(served: Served, slot: WorkerSlot, first: int, rows: int, *, redo: bool = False) -> None:
    with connected("kafka", served.connection, slot) as source:
        load(source, KEYED, first=first, rows=rows, batch=20, redo=redo)


def _rows(first: int, stop: int) -> Sequence[str]:
    return sorted(f"row {number}" for number in range(first, stop))


@pytest.mark.parametrize("workers", [1, 3, 6])
def test_retry_keeps_rows_of_other_workers(served: Served, workers: int) -> None:
    _prepared(served, workers, OnExisting.EMPTY)
    for index in range(workers):
        _load(served, WorkerSlot(index, workers), 100 * index, 100)
    _load(served, WorkerSlot(0, workers), 0, 60, redo=True)
    _load(served, WorkerSlot(0, workers), 0, 100, redo=True)
    assert _keys(served) == _rows(0, 100 * workers)


def test_retry_keeps_rows_of_earlier_run(served: Served) -> None:
    _prepared(served, 1, OnExisting.EMPTY)
    _load(served, WorkerSlot(0, 1), 0, 100)
    for _ in range(2):
        _prepared(served, 2, OnExisting.APPEND)
    _load(served, WorkerSlot(0, 2), 100, 100)
    _load(served, WorkerSlot(1, 2), 200, 50)
    _load(served, WorkerSlot(1, 2), 200, 100, redo=True)
    assert _keys(served) == _rows(0, 300)


def test_option_outside_the_allowed_is_refused() -> None:
    at = parse_connection("kafka://broker:9092?acks=0", KAFKA)
    with pytest.raises(InputError, match=r"option: 'acks' is not known; see the options of kafka in docs/sources.md"):
        open_source(KAFKA, at)
