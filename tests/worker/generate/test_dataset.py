"""Rows of a dataset: equal for any division into batches, any offset and any subset of columns."""

from pathlib import Path

import pyarrow as pa
import pytest

from core.errors import SchemaError
from core.plan import BASE_INSTANT
from core.schema.file import load_schema
from worker.generate import Dataset

SHOP = load_schema(Path(__file__).parents[3] / "schemas" / "shop.yaml")
TABLES = [table.name for table in SHOP.tables]


def dataset(seed: int = 42) -> Dataset:
    return Dataset(SHOP, seed=seed, rows=10_000, base_instant=BASE_INSTANT)


@pytest.mark.parametrize("name", TABLES)
def test_rows_are_equal_for_any_split(name: str) -> None:
    table = dataset().table(name)
    whole = table.batch(0, 1000)
    parts = [table.batch(first, 7) for first in range(0, 994, 7)] + [table.batch(994, 6)]
    assert pa.Table.from_batches(parts).equals(pa.Table.from_batches([whole]))
    whole.validate(full=True)


@pytest.mark.parametrize("name", TABLES)
def test_subset_of_columns_has_equal_values(name: str) -> None:
    table = dataset().table(name)
    key = table.table.primary_key
    assert table.batch(5, 20, [key]).column(0).equals(table.batch(5, 20).column(key))


def test_integer_key_counts_from_one() -> None:
    assert dataset().table("users").batch(0, 3, ["id"]).column(0).to_pylist() == [1, 2, 3]


def test_row_beyond_two_to_the_62_is_generated() -> None:
    assert dataset().table("users").batch(2**62, 1, ["id"]).column(0).to_pylist() == [2**62 + 1]


def test_different_seeds_generate_different_rows() -> None:
    assert not dataset(1).table("orders").batch(0, 10).equals(dataset(2).table("orders").batch(0, 10))


def test_zero_rows_generate_empty_batch() -> None:
    assert dataset().table("orders").batch(10, 0).num_rows == 0


def test_unknown_column_is_refused() -> None:
    with pytest.raises(SchemaError, match="nope"):
        dataset().table("users").batch(0, 1, ["nope"])
