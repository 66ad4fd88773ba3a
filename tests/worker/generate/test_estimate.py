"""Estimated row sizes, compared with generated rows. The planner checks memory and disks with them."""

import pytest

from core.schema.file import load_schema
from core.schema.model import Table
from tests.worker.generate.schemas import ROOT, dataset
from worker.encode.csv import CsvEncoder

FILES = {
    "schemas/shop.yaml": 0.15,
    "tests/data/surreal-sync-small.yaml": 0.15,
    "tests/data/surreal-sync-medium.yaml": 0.15,
    "tests/data/every_type.yaml": 0.25,
}
TABLES = [(table, tolerance, name) for name, tolerance in FILES.items() for table in load_schema(ROOT / name).tables]


@pytest.mark.parametrize(("table", "tolerance", "file"), TABLES, ids=lambda value: getattr(value, "name", str(value)))
def test_estimate_is_near_bytes_of_csv_line(table: Table, tolerance: float, file: str) -> None:
    rows = dataset(load_schema(ROOT / file), rows=20_000).table(table.name)
    true = CsvEncoder(table).encode(rows.batch(10_000, 2_000)).nbytes / 2_000
    assert table.estimated_row_bytes == pytest.approx(true, rel=tolerance)
