"""Every store has a type for every kind of column, so that a new kind fails here first."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import pytest

from core.schema.types import Kind
from core.stores import SOURCES
from tests.worker.sources.loading import DATASET, EVERY_KIND, table_of
from worker.sources.column_types import StoreType
from worker.sources.mysql.types import MARIADB_TYPES
from worker.sources.text_columns import DRIVER_CLASSES

ROWS = 200


@pytest.fixture(params=[*SOURCES, "mariadb"])
def types(request: pytest.FixtureRequest) -> Mapping[Kind, StoreType]:
    if request.param == "mariadb":
        return MARIADB_TYPES
    found: Mapping[Kind, StoreType] = import_module(f"worker.sources.{request.param}.types").TYPES
    return found


def test_sample_table_has_every_kind() -> None:
    assert {column.type.kind for column in table_of(EVERY_KIND).columns} == set(Kind)


def test_store_has_a_type_for_every_kind(types: Mapping[Kind, StoreType]) -> None:
    assert set(types) == set(Kind)


def test_store_names_every_kind(types: Mapping[Kind, StoreType]) -> None:
    assert all(types[column.type.kind].name(column.type) for column in table_of(EVERY_KIND).columns)


def test_stored_values_keep_rows_and_nulls(types: Mapping[Kind, StoreType]) -> None:
    batch = DATASET.table(EVERY_KIND).batch(0, ROWS)
    for column in table_of(EVERY_KIND).columns:
        values = batch.column(column.name)
        stored = types[column.type.kind].stored(values, column.type)
        assert stored.is_null().equals(values.is_null()), column.name


def test_every_kind_has_a_python_class_for_driver_values() -> None:
    assert set(DRIVER_CLASSES) == set(Kind)


def test_docs_name_every_kind() -> None:
    lines = (Path(__file__).parents[3] / "docs" / "sources.md").read_text().splitlines()
    named = " ".join(line.split("|")[1] for line in lines if line.startswith("| `"))
    assert [kind for kind in Kind if f"`{kind}" not in named] == []
