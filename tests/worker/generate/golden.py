"""The digests that pin the data: `python -m tests.worker.generate.golden` rewrites them.

Rewriting them is a breaking change, because the data of every user differ afterwards. Record it in the change log.
"""

import hashlib
import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa

from core.errors import SchemaError
from core.plan import BASE_INSTANT
from core.schema.file import load_schema, parse_schema
from core.schema.model import Schema
from worker.generate import Dataset, TableRows

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "data" / "golden.json"
FILES = (
    "schemas/shop.yaml",
    "tests/data/every_type.yaml",
    "tests/data/surreal-sync-small.yaml",
    "tests/data/surreal-sync-medium.yaml",
)
FAKER = """
version: 1
tables:
  - name: people
    id: {type: big_int, generator: {type: sequential, start: 1}}
    fields:
      - {name: job, type: text, generator: {type: faker, provider: job, pool: 200}}
      - {name: city, type: text, generator: {type: faker, provider: city, locale: de_DE, pool: 100, distribution: zipf}}
      - {name: score, type: int, generator: {type: faker, provider: random_int, args: {min: 5, max: 9}}}
      - {name: company, type: text, generator: {type: faker, provider: company, unique: true, pool: 300}}
"""
SEED, ROWS = 42, 10_000
RANGES = ((0, 600), (9_950, 50), (10**12, 50))


def digests() -> dict[str, dict[str, str]]:
    """Return the digests by file and `table.column`. Those of Faker are listed under its version, which changes the values."""
    found = {name: dict(column_digests(load_schema(ROOT / name))) for name in FILES}
    found[f"Faker {version('Faker')}"] = dict(column_digests(parse_schema(FAKER, "faker")))
    return found


def column_digests(schema: Schema) -> Iterator[tuple[str, str]]:
    dataset = Dataset(schema, seed=SEED, rows=ROWS, base_instant=BASE_INSTANT)
    for table in schema.tables:
        rows = dataset.table(table.name)
        for column in table.columns:
            yield f"{table.name}.{column.name}", digest([*_cells(rows, column.name)])


def _cells(rows: TableRows, column: str) -> Iterator[pa.Array]:
    for first, count in RANGES:
        try:
            yield rows.batch(first, count, [column]).column(0)
        except SchemaError:  # a unique column has no value for a row so far out
            yield pa.nulls(0)


def digest(arrays: list[pa.Array]) -> str:
    """Return 16 digits that depend on the values and their type, and not on the version of Arrow."""
    text = repr([(str(array.type), [_plain(value) for value in array.to_pylist()]) for array in arrays])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: object) -> object:
    return value.isoformat() if hasattr(value, "isoformat") else value


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(digests(), indent=1) + "\n", encoding="utf-8")
