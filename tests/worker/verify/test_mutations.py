"""Changed rows on every source: each change is found and reported."""

from uuid import UUID

import numpy as np
import pyarrow as pa
import pytest

from core.options import OnExisting
from core.schema.types import Kind
from tests.worker.sources.loading import DATASET, EVERY_KIND, KEYED
from tests.worker.verify.campaign import (
    ROWS,
    another,
    counts,
    replaced,
    rows_of,
    swapped,
    verified,
    write,
)
from worker.sources.base import Source

UNPLANNED_KEYS = {EVERY_KIND: "121", KEYED: "54283bbd-54ad-4ec8-bc0a-501d13b54e26"}
"""The keys of row 120, the first one that no shard has."""


def _key(name: str, row: int) -> str:
    key = rows_of(name).column("id")[row].as_py()
    return str(UUID(bytes=key) if isinstance(key, bytes) else key)


@pytest.mark.parametrize("depth", ["full", "checksum"])
@pytest.mark.parametrize("name", [EVERY_KIND, KEYED])
def test_loaded_rows_match(source: Source, name: str, depth: str) -> None:
    write(source, name, rows_of(name))
    (found,) = verified(source, name, verify_depth=depth)
    assert (found.matched, *counts(found)) == (ROWS, 0, 0, 0)
    assert found.differences == ()


@pytest.mark.parametrize("name", [EVERY_KIND, KEYED])
def test_row_order_does_not_matter(source: Source, name: str) -> None:
    order = np.random.default_rng(7).permutation(ROWS)
    write(source, name, rows_of(name).take(pa.array(order)))
    (found,) = verified(source, name)
    assert (found.matched, *counts(found)) == (ROWS, 0, 0, 0)


@pytest.mark.parametrize("depth", ["full", "checksum"])
@pytest.mark.parametrize("name", [EVERY_KIND, KEYED])
def test_deleted_row_is_missing(source: Source, name: str, depth: str) -> None:
    batch = rows_of(name)
    write(source, name, pa.concat_batches([batch.slice(0, 17), batch.slice(18)]))
    (found,) = verified(source, name, verify_depth=depth)
    assert counts(found) == (1, 0, 0)
    (difference,) = found.differences
    assert (difference.key, difference.expected, difference.found) == (_key(name, 17), "the row", None)


@pytest.mark.parametrize("depth", ["full", "checksum"])
@pytest.mark.parametrize("name", [EVERY_KIND, KEYED])
def test_unplanned_row_is_extra(source: Source, name: str, depth: str) -> None:
    write(source, name, DATASET.table(name).batch(0, ROWS + 1))
    (found,) = verified(source, name, verify_depth=depth)
    assert (found.matched, *counts(found)) == (ROWS, 0, 0, 1)
    (difference,) = found.differences
    assert (difference.key, difference.found) == (UNPLANNED_KEYS[name], "an unplanned row")


@pytest.mark.parametrize("place", ["csv", "jsonl", pytest.param("kafka", marks=pytest.mark.docker)], indirect=True)
def test_duplicate_row_is_extra(source: Source) -> None:
    """Test only the stores without a unique key: the others refuse a duplicate."""
    batch = rows_of(KEYED)
    write(source, KEYED, pa.concat_batches([batch, batch.slice(5, 1)]))
    (found,) = verified(source, KEYED)
    assert (found.matched, *counts(found)) == (ROWS, 0, 0, 1)
    assert (found.differences[0].key, found.differences[0].found) == (_key(KEYED, 5), "a duplicate row")


@pytest.mark.parametrize("null", [False, True], ids=["another value", "null or a value"])
def test_changed_cell_of_each_type_is_found(source: Source, null: bool) -> None:
    columns = DATASET.schema.table(EVERY_KIND).columns[1:]
    assert {column.type.kind for column in columns} == set(Kind)
    for first in range(0, len(columns), 10):
        batch, changed = rows_of(EVERY_KIND), {}
        for place, column in enumerate(columns[first : first + 10]):
            original = rows_of(EVERY_KIND)
            row = next(n for n in range(place * 4, ROWS) if null or original.column(column.name)[n].is_valid)
            if null and original.column(column.name)[row].is_valid:
                other = another(source, column, original, row, null=True)
            elif column.type.kind is Kind.JSON and not null:
                continue  # the column has one value besides NULL, so only the case with NULL can change it
            else:
                other = another(source, column, original, row, null=False)
            batch = replaced(batch, column.name, row, other)
            changed[column.name] = _key(EVERY_KIND, row)
        write(source, EVERY_KIND, batch)
        (found,) = verified(source, EVERY_KIND)
        assert {each.column: each.key for each in found.differences} == changed
        assert counts(found) == (0, len(set(changed.values())), 0)
        assert all(each.expected != each.found for each in found.differences)


def test_swapped_cells_are_found(source: Source) -> None:
    write(source, EVERY_KIND, swapped(rows_of(EVERY_KIND), "a_uuid", 1, 2))
    (found,) = verified(source, EVERY_KIND)
    assert counts(found) == (0, 2, 0)
    first, second = found.differences
    assert (first.key, second.key) == (_key(EVERY_KIND, 1), _key(EVERY_KIND, 2))
    assert (first.expected, first.found) == (second.found, second.expected)


def test_swapped_keys_are_found(source: Source) -> None:
    write(source, EVERY_KIND, swapped(rows_of(EVERY_KIND), "id", 1, 2))
    (found,) = verified(source, EVERY_KIND)
    assert counts(found) == (0, 2, 0)
    assert {each.key for each in found.differences} == {_key(EVERY_KIND, 1), _key(EVERY_KIND, 2)}


@pytest.mark.parametrize("name", [EVERY_KIND, KEYED])
def test_workers_count_their_own_rows(source: Source, name: str) -> None:
    batch = rows_of(name)
    write(source, name, batch.slice(0, 50), batch.slice(50))
    first, second = verified(source, name, shards=(50, 70))
    assert [(each.matched, *counts(each)) for each in (first, second)] == [(50, 0, 0, 0), (70, 0, 0, 0)]


@pytest.mark.parametrize("name", [EVERY_KIND, KEYED])
def test_unplanned_row_is_counted_by_one_worker(source: Source, name: str) -> None:
    batch = DATASET.table(name).batch(0, ROWS + 1)
    write(source, name, batch.slice(0, 50), batch.slice(50))
    found = verified(source, name, shards=(50, 70))
    assert sum(each.extra for each in found) == 1
    assert sum(each.matched for each in found) == ROWS


def test_rows_before_append_are_not_counted(source: Source) -> None:
    batch = DATASET.table(KEYED).batch(0, ROWS + 1)
    write(source, KEYED, batch.slice(0, ROWS), batch.slice(ROWS))
    (found,) = verified(source, KEYED, on_existing=OnExisting.APPEND)
    assert (found.matched, *counts(found)) == (ROWS, 0, 0, 0)


def test_ten_differences_are_reported(source: Source) -> None:
    write(source, EVERY_KIND, rows_of(EVERY_KIND).slice(0, 60))
    (found,) = verified(source, EVERY_KIND)
    assert counts(found) == (60, 0, 0)
    assert len(found.differences) == 10
