"""Load as a worker does, without its process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.connection import Connection, parse_connection
from core.errors import ServerError
from core.options import OnExisting
from core.plan import BASE_INSTANT, Shard
from core.schema.file import load_schema
from core.schema.generators import Sequential, Static
from core.schema.model import Column, Table
from core.schema.types import DataType, Kind
from core.stores import BULK, SOURCES
from worker.generate import Dataset
from worker.pipeline import load_shard, remove_shard
from worker.result.counters import Counters
from worker.retry import retry_until
from worker.sources import open_source
from worker.sources.base import ALONE, Source, WorkerSlot

ROWS = 700
EVERY_KIND, KEYED = "every_kind", "keyed"
DATASET = Dataset(
    load_schema(Path(__file__).parents[2] / "data" / "every_kind.yaml"), seed=42, rows=ROWS, base_instant=BASE_INSTANT
)
TABLES = DATASET.schema.tables


def table_of(name: str) -> Table:
    """Return a table of tests/data/every_kind.yaml."""
    return DATASET.schema.table(name)


def wide_table(value: str) -> Table:
    """Return a table `wide` with a key and one large text."""
    key = Column(name="id", type=DataType(kind=Kind.INT64), generator=Sequential())
    text = Column(name="wide", type=DataType(kind=Kind.TEXT), generator=Static(value=value))
    return Table(name="wide", primary_key="id", columns=(key, text))


@contextmanager
def connected(source: str, connection: Connection, slot: WorkerSlot = ALONE) -> Iterator[Source]:
    """Yield a connected source."""
    opened = open_source(SOURCES[source], connection, slot)
    try:
        retry_until(20, opened.connect)
        yield opened
    finally:
        opened.close()


def load(
    source: Source,
    name: str,
    *,
    first: int = 0,
    rows: int = ROWS,
    batch: int = 300,
    method: str = BULK,
    redo: bool = False,
) -> Counters:
    """Load rows of a table, as a first attempt or as a retry."""
    shard = Shard(table=name, seed=42, first_row=first, rows=rows)
    counters, data = Counters(total_rows=rows), DATASET.table(name)
    if redo:
        remove_shard(source, data, shard)
    load_shard(source, data, shard, method, batch, counters)
    return counters


def emptied(source: Source) -> None:
    """Create the tables, and empty them."""
    source.prepare(TABLES, OnExisting.EMPTY)


def refusal(source: str, connection_string: str) -> ServerError:
    """Return the error of one attempt to connect, prepare and load; fail the test if it succeeds."""
    opened = open_source(SOURCES[source], parse_connection(connection_string, SOURCES[source]))
    try:
        opened.connect()
        opened.prepare(TABLES, OnExisting.EMPTY)
        load(opened, KEYED, rows=10)
    except ServerError as error:
        return error
    finally:
        opened.close()
    raise AssertionError(f"{source} refused nothing")
