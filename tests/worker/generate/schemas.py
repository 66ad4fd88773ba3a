"""Hypothesis strategies for columns, and shared datasets."""

from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from core.plan import BASE_INSTANT
from core.schema.file import load_schema, parse_schema
from core.schema.model import Column, Schema, Table
from worker.generate import Dataset

ROOT = Path(__file__).parents[3]
ROWS = 10_000


@cache
def every_type() -> Schema:
    return load_schema(ROOT / "tests" / "data" / "every_type.yaml")


def dataset(schema: Schema, seed: int = 42, rows: int = ROWS) -> Dataset:
    return Dataset(schema, seed=seed, rows=rows, base_instant=BASE_INSTANT)


@cache
def every_row(seed: int = 42) -> Dataset:
    return dataset(every_type(), seed)


def table_of(*fields: str) -> Table:
    """Return a table `t` with a sequential id and these fields, each a YAML flow mapping."""
    lines = "\n".join(f"      - {field}" for field in fields)
    text = f"tables:\n  - name: t\n    id: {{type: big_int, generator: {{type: sequential}}}}\n    fields:\n{lines}\n"
    return parse_schema(text, "test").table("t")


def cells(field: str, rows: int = ROWS, first: int = 0, seed: int = 42) -> list[Any]:
    """Return the values of one field, written as a YAML flow mapping without its name."""
    table = table_of("{name: c, " + field + "}")
    batch = dataset(Schema(tables=(table,)), seed, max(rows + first, ROWS) if first < 2**40 else rows)
    values: list[Any] = batch.table("t").batch(first, rows, ["c"]).column(0).to_pylist()
    return values


def tables() -> st.SearchStrategy[str]:
    return st.sampled_from([table.name for table in every_type().tables])


def independent_columns() -> st.SearchStrategy[tuple[str, Column]]:
    """Return a strategy of columns that do not depend on other columns."""
    return st.sampled_from(
        [
            (table.name, column)
            for table in every_type().tables
            for column in table.columns
            if column.generator.type not in ("reference", "template")
        ]
    )
