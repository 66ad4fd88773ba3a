"""Golden digests: a value that changes here changes the data of every user."""

import json
from typing import get_args

import pytest

from core.schema.file import load_schema
from core.schema.generators import Generator
from core.schema.types import Kind
from tests.worker.generate.golden import GOLDEN, ROOT, digests

PINNED: dict[str, dict[str, str]] = json.loads(GOLDEN.read_text(encoding="utf-8"))
CHANGED = "the data of every user would change; if you intend that, run `python -m tests.worker.generate.golden`"


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, str]]:
    return digests()


@pytest.mark.parametrize("name", PINNED)
def test_column_values_equal_golden_digests(found: dict[str, dict[str, str]], name: str) -> None:
    assert name in found, f"{name} is not installed: run golden.py with it, and keep the digests of the older one"
    differing = [column for column, digest in PINNED[name].items() if found[name].get(column) != digest]
    assert not differing, CHANGED
    assert found[name].keys() == PINNED[name].keys()


def test_golden_digests_cover_every_generator_and_type() -> None:
    tables = [
        table
        for name in ("schemas/shop.yaml", "tests/data/every_type.yaml")
        for table in load_schema(ROOT / name).tables
    ]
    columns = [column for table in tables for column in table.columns]
    generators = {model.model_fields["type"].default for model in get_args(get_args(Generator)[0])}
    assert {column.generator.type for column in columns} == generators - {"faker"}
    assert {column.type.kind for column in columns} == set(Kind)
