"""Every store on its real server: other clients find the acknowledged rows, value by value."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from core.errors import ServerError
from core.options import OnExisting, Operation
from core.plan import LoadPlan, Shard, WorkerPlan
from core.schema.model import Schema
from core.stores import BULK, METHODS, SOURCES
from testkit import session
from testkit.serving import PASSWORD, Served, serving, shared
from tests.worker.sources.beds import BEDS
from tests.worker.sources.beds.base import Bed
from tests.worker.sources.loading import (
    DATASET,
    EVERY_KIND,
    KEYED,
    ROWS,
    TABLES,
    connected,
    emptied,
    load,
    refusal,
    table_of,
)
from worker.pipeline import prepare_tables, require_free_keys
from worker.sources.base import Source

pytestmark = pytest.mark.docker


def _where(has: Callable[[Bed], bool]) -> pytest.MarkDecorator:
    """Return the beds for which the condition is true."""
    return pytest.mark.parametrize("bed", [bed for bed in BEDS if has(bed)], indirect=True, ids=lambda bed: bed.source)


@pytest.fixture(scope="module", params=BEDS, ids=lambda bed: bed.source)
def bed(request: pytest.FixtureRequest) -> Bed:
    given: Bed = request.param
    return given


@pytest.fixture(scope="module")
def served(bed: Bed) -> Served:
    return shared(bed.source)


@pytest.fixture
def source(bed: Bed, served: Served) -> Iterator[Source]:
    with connected(bed.source, served.connection) as opened:
        emptied(opened)
        yield opened


def _key(row: Any) -> str:
    return str(row["id"])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", [EVERY_KIND, KEYED])
def test_other_clients_find_every_value(bed: Bed, served: Served, source: Source, name: str, method: str) -> None:
    counters = load(source, name, method=method)
    assert (counters.rows, counters.batches) == (ROWS, 3)
    assert bed.count(served, table_of(name)) == ROWS
    assert source.count(table_of(name)) == ROWS
    found = sorted(bed.rows(served, table_of(name)), key=_key)
    expected = sorted(bed.expected(table_of(name), DATASET.table(name).batch(0, ROWS)), key=_key)
    assert len(found) == ROWS
    for found_row, expected_row in zip(found, expected, strict=True):
        assert found_row == expected_row


def test_receipt_counts_bytes_of_payload(source: Source) -> None:
    small, large = load(source, KEYED, rows=100), load(source, EVERY_KIND, rows=100)
    assert 100 * 16 < small.bytes < 100 * 200
    assert large.bytes > 5 * small.bytes


@pytest.mark.parametrize("name", [EVERY_KIND, KEYED])
def test_retried_shard_has_the_same_rows(bed: Bed, served: Served, source: Source, name: str) -> None:
    load(source, name, rows=500)
    counters = load(source, name, redo=True)
    assert counters.rows == ROWS
    assert bed.count(served, table_of(name)) == ROWS
    assert len({_key(row) for row in bed.rows(served, table_of(name))}) == ROWS


def test_prepare_applies_on_existing(bed: Bed, served: Served, source: Source) -> None:
    load(source, KEYED)
    source.prepare(TABLES, OnExisting.APPEND)
    assert bed.count(served, table_of(KEYED)) == ROWS
    with pytest.raises(ServerError, match=r"'(every_kind|keyed)' exists.*onExisting"):
        source.prepare(TABLES, OnExisting.FAIL)
    assert bed.count(served, table_of(KEYED)) == ROWS
    source.prepare(TABLES, OnExisting.EMPTY)
    assert bed.count(served, table_of(KEYED)) == 0


def test_concurrent_prepares_succeed(bed: Bed, served: Served, source: Source) -> None:
    def prepare(_: int) -> None:
        with connected(bed.source, served.connection) as opened:
            opened.prepare(TABLES, OnExisting.EMPTY)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(prepare, range(4)))
    load(source, KEYED)
    assert bed.count(served, table_of(KEYED)) == ROWS


def test_table_of_another_shape_is_refused(bed: Bed, served: Served, source: Source) -> None:
    other = table_of(KEYED).model_copy(update={"name": "otherwise"})
    bed.make_another_shape(served, other)
    for wish in OnExisting:
        with pytest.raises(ServerError, match=rf"'otherwise' exists at {served.connection} in another shape"):
            source.prepare([other], wish)


def test_server_has_specified_settings(bed: Bed, source: Source) -> None:
    found = source.settings()
    assert {name: found[name] for name in bed.settings} == bed.settings


@_where(lambda bed: SOURCES[bed.source].key_range_deletable)
@pytest.mark.parametrize("method", METHODS)
def test_insert_of_existing_key_is_refused(bed: Bed, served: Served, source: Source, method: str) -> None:
    load(source, KEYED, rows=10)
    with pytest.raises(ServerError):
        load(source, KEYED, first=5, rows=10, method=method)
    assert bed.count(served, table_of(KEYED)) >= 10


def _append(bed: Bed, schema: Schema, *names: str) -> LoadPlan:
    shards = tuple(Shard(table=name, seed=42, first_row=0, rows=ROWS) for name in names)
    return LoadPlan(
        run_id="", source=bed.source, operation=Operation.POPULATE, method=BULK, batch_size=50, seed=42, row_count=ROWS,
        on_existing=OnExisting.APPEND, limits=None, data=schema,
        workers=(WorkerPlan(id="worker-1", shards=shards),),
    )  # fmt: skip


@_where(lambda bed: SOURCES[bed.source].key_range_deletable)
def test_append_refuses_existing_keys(bed: Bed, served: Served, source: Source) -> None:
    plan = _append(bed, DATASET.schema, EVERY_KIND, KEYED)
    require_free_keys(source, plan, plan.tables)
    for name in (EVERY_KIND, KEYED):
        load(source, name, first=ROWS - 1, rows=1)
    with pytest.raises(
        ServerError, match=r"'append' needs keys that no row has, but table 'every_kind', 'keyed' has rows"
    ):
        require_free_keys(source, plan, plan.tables)
    require_free_keys(source, plan.model_copy(update={"on_existing": OnExisting.EMPTY}), plan.tables)
    # Rows with other keys than the run's.
    require_free_keys(source, plan.model_copy(update={"row_count": ROWS - 1}), plan.tables)
    assert bed.count(served, table_of(KEYED)) == 1


@_where(lambda bed: SOURCES[bed.source].key_range_deletable)
def test_refused_append_creates_no_table(bed: Bed, source: Source) -> None:
    load(source, KEYED, rows=1)
    absent = table_of(KEYED).model_copy(update={"name": session.unique("absent").replace("-", "_")})
    schema = Schema(tables=(*TABLES, absent))
    with pytest.raises(ServerError, match=f"'append' needs keys that no row has, but table '{KEYED}' has rows"):
        prepare_tables(source, _append(bed, schema, KEYED, absent.name))
    # Nothing with that name exists.
    source.prepare([absent], OnExisting.FAIL)


def test_server_lost_during_batch_is_transient(bed: Bed) -> None:
    with serving(bed.source) as doomed, connected(bed.source, doomed.connection) as source:
        emptied(source)
        with pytest.raises(ServerError) as refused:
            _lose_the_server(source, doomed)
        _names_place_and_remedy(refused.value, f"{doomed.connection}: ")


def _lose_the_server(source: Source, doomed: Served) -> None:
    data = DATASET.table(KEYED)
    with source.sink(data.table, Shard(table=KEYED, seed=42, first_row=0, rows=ROWS), BULK) as sink:
        sink.send(iter([sink.encode(data.batch(0, 200))]))
        doomed.kill()
        sink.send(iter([sink.encode(data.batch(200, 200))]))


def test_error_of_absent_server_is_transient(bed: Bed, served: Served) -> None:
    port = f":{served.connection.port}"
    error = refusal(bed.source, served.connection_string.replace(port, ":1"))
    assert error.transient
    _names_place_and_remedy(error, f"{str(served.connection).replace(port, ':1')}: ")


@_where(lambda bed: bed.asks_for_password)
def test_wrong_password_is_reported_without_retry(bed: Bed, served: Served) -> None:
    error = refusal(bed.source, served.connection_string.replace(PASSWORD, "another"))
    assert not error.transient
    _names_place_and_remedy(error, f"{served.connection}: ")
    assert "check user and password" in str(error)


@_where(lambda bed: bed.missing_database is not None)
def test_missing_database_is_reported_without_retry(bed: Bed, served: Served) -> None:
    error = refusal(bed.source, _elsewhere(served.connection_string))
    assert not error.transient
    assert str(bed.missing_database) in str(error)


@_where(lambda bed: bed.knows_rights)
def test_missing_permission_is_reported_with_remedy(bed: Bed, served: Served) -> None:
    error = refusal(bed.source, bed.without_rights(served))
    assert not error.transient
    _names_place_and_remedy(error, f"{served.connection}: ")
    assert "grant the user" in str(error)


def _elsewhere(url: str) -> str:
    """Return the connection string with another database."""
    place, _, options = url.partition("?")
    return f"{place.rpartition('/')[0]}/nowhere{'?' if options else ''}{options}"


def _names_place_and_remedy(error: ServerError, place: str) -> None:
    text = str(error)
    assert text.startswith(place)
    assert "; " in text
    assert PASSWORD not in text
    assert "\n" not in text
