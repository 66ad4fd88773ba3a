"""Changes by other PostgreSQL clients are found, by checksum as well as in full."""

from collections.abc import Iterator, Sequence
from typing import Any, cast
from unittest.mock import Mock

import psycopg
import pyarrow.compute as pc
import pytest

from core.connection import parse_connection
from core.errors import ServerError
from core.options import OnExisting, Operation
from core.plan import LoadPlan, Shard, WorkerPlan
from core.schema.model import Schema
from core.schema.types import DataType, Kind
from core.stores import BULK, SOURCES
from testkit.embedded import embedded_postgresql
from tests.worker.sources.loading import DATASET, EVERY_KIND, KEYED, connected
from tests.worker.verify.campaign import ROWS, counts, rows_of, verified, write
from worker.encode import postgres
from worker.generate import Dataset
from worker.result.counters import Counters
from worker.sources.base import Scope, Source
from worker.sources.postgresql.binary_reader import has_encoded_form
from worker.sources.postgresql.types import is_summable
from worker.verify.shard import verify_shard
from worker.verify.table_diff import TableDiff
from worker.verify.verification import Verification

_SPELLED_ANEW = (Kind.ARRAY, Kind.SET, Kind.JSONB, Kind.POINT)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with embedded_postgresql() as made:
        yield made


@pytest.fixture
def source(url: str) -> Iterator[Source]:
    with connected("postgresql", parse_connection(url, SOURCES["postgresql"])) as opened:
        write(opened, EVERY_KIND, rows_of(EVERY_KIND))
        yield opened


@pytest.fixture
def summable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table without the columns that have no checksum."""
    whole = DATASET.schema.table(EVERY_KIND)
    kept = whole.model_copy(update={"columns": tuple(c for c in whole.columns if c.type.kind not in _SPELLED_ANEW)})
    assert is_summable(kept)
    assert not is_summable(whole)
    schema = DATASET.schema.model_copy(update={"tables": (kept, *DATASET.schema.tables[1:])})
    smaller = Dataset(schema, DATASET.seed, DATASET.rows, DATASET.base_instant)
    monkeypatch.setattr("tests.worker.verify.campaign.DATASET", smaller)


_CHANGES = {
    "an_int64": "an_int64 # 1",
    "a_float32": "a_float32 * 1.0000001",
    "a_float64": "'NaN'",
    "a_wide_decimal": "a_wide_decimal + 0.0000000001",
    "a_text": "a_text || ' '",
    "a_timestamp": "a_timestamp + interval '1 microsecond'",
    "a_timestamp_tz": "a_timestamp_tz + interval '1 microsecond'",
    "a_date": "to_date(to_char(a_date, 'YYYY-MM-DD') || ' BC', 'YYYY-MM-DD BC')",
    "a_datetime": "'-infinity'",
    "a_time": "'24:00'",
    "a_blob": "NULL",
    "a_json": "'{}'",
    "a_duration": "interval '1 month'",
}
"""The new first value of each column."""


@pytest.mark.parametrize("depth", ["full", "checksum"])
@pytest.mark.parametrize("column", _CHANGES)
def test_changed_cell_is_found_by_both_depths(
    url: str, source: Source, summable: None, column: str, depth: str
) -> None:
    first = f"(SELECT min(id) FROM every_kind WHERE {column} IS NOT NULL)"
    change = f"UPDATE every_kind SET {column} = {_CHANGES[column]} WHERE id = {first}"
    with psycopg.connect(url, autocommit=True) as other:
        assert other.execute(change.encode()).rowcount == 1
    (found,) = verified(source, EVERY_KIND, verify_depth=depth)
    assert counts(found) == (0, 1, 0)
    assert [difference.column for difference in found.differences] == [column]


def test_equal_checksum_reads_no_rows(source: Source, summable: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check that no row is read if the checksums are equal."""

    def read(*_: object) -> None:
        raise AssertionError("the rows were read")

    monkeypatch.setattr(source, "read", read)
    for shards in ((ROWS,), (50, 70), (1, 118, 1)):
        found = verified(source, EVERY_KIND, shards, verify_depth="checksum")
        assert [(each.matched, *counts(each)) for each in found] == [(rows, 0, 0, 0) for rows in shards]


@pytest.mark.parametrize("depth", ["full", "checksum"])
@pytest.mark.parametrize("key", [-(2**63), -1, 0, ROWS + 1, 2**63 - 1])
def test_unplanned_key_anywhere_is_extra(url: str, source: Source, summable: None, depth: str, key: int) -> None:
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("INSERT INTO every_kind (id) VALUES (%s)", [key])
    found = verified(source, EVERY_KIND, (50, 70), verify_depth=depth)
    assert sum(each.extra for each in found) == 1
    assert [difference.key for each in found for difference in each.differences] == [str(key)]
    assert sum(each.matched for each in found) == ROWS


def test_unreadable_table_is_not_in_report(url: str, source: Source) -> None:
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("DROP TABLE keyed")
    shards = tuple(Shard(table=name, seed=42, first_row=0, rows=ROWS) for name in (EVERY_KIND, KEYED))
    plan = LoadPlan(
        run_id="", source="postgresql", operation=Operation.VERIFY, method=BULK, batch_size=50, seed=42, row_count=ROWS,
        limits=None, data=DATASET.schema, workers=(WorkerPlan(id="worker-1", shards=shards),),
    )  # fmt: skip
    verification = Verification()
    with pytest.raises(ServerError, match=r'relation "public.keyed" does not exist'):
        verification.run(source, plan, plan.workers[0], DATASET, Counters(loads=False))
    assert verification.report is not None
    assert [table.table for table in verification.report.tables] == [EVERY_KIND]
    assert verification.report.total_matched == ROWS


@pytest.mark.parametrize("name", [EVERY_KIND, KEYED])
def test_equal_rows_are_compared_in_binary_form(url: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every kind that the server does not write in a spelling of its own comes back in the encoder's bytes."""
    table = DATASET.schema.table(name)
    kept = [c for c in table.columns if has_encoded_form(table.model_copy(update={"columns": (table.key, c)}))]
    assert {c.type.kind for c in table.columns} - {c.type.kind for c in kept} <= {Kind.JSONB}
    table = table.model_copy(update={"name": f"{name}_binary", "columns": tuple(kept)})
    dataset = Dataset(Schema(tables=(table,)), DATASET.seed, ROWS, DATASET.base_instant)
    shard = Shard(table=table.name, seed=42, first_row=0, rows=ROWS)
    scope = Scope(
        shard, None, exclusive_storage=False, checks_unowned_rows=True, tolerant=False, table_rows=ROWS,
        first_rows=frozenset({0}),
    )  # fmt: skip
    with connected("postgresql", parse_connection(url, SOURCES["postgresql"])) as opened:
        opened.prepare([table], OnExisting.EMPTY)
        with opened.sink(table, shard, BULK) as sink:
            sink.send(iter([sink.encode(dataset.table(table.name).batch(0, ROWS))]))
        read = Mock(wraps=opened.read)
        monkeypatch.setattr(opened, "read", read)
        diff = TableDiff(table.name)
        verify_shard(opened, dataset.table(table.name), scope, diff, lambda _: None)
    assert (diff.matched, diff.mismatched, diff.missing, diff.extra) == (ROWS, 0, 0, 0)
    assert read.call_count == 1


def test_error_of_the_encoder_is_found(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The expected bytes have the same error, so that only values show it."""

    def misspelled(column: Any, type_: DataType) -> Sequence[Any]:
        return text_writer(pc.binary_replace_slice(column, 0, 1, "x"), type_)

    kind = DATASET.schema.table(KEYED).column("order").type.kind
    text_writer = postgres._WRITERS[kind]
    monkeypatch.setitem(cast("dict[Kind, Any]", postgres._WRITERS), kind, misspelled)
    with connected("postgresql", parse_connection(url, SOURCES["postgresql"])) as opened:
        write(opened, KEYED, rows_of(KEYED))
        (found,) = verified(opened, KEYED)
    assert counts(found) == (0, ROWS, 0)
