"""Row-wise encoders: the same bytes as the columnar ones; floats with an exponent have the same value."""

import json
from decimal import Decimal

import pytest

from core.schema.types import Kind
from tests.worker.encode import samples
from tests.worker.encode.texts import read_json
from worker.encode.by_row import CsvByRow, NdjsonByRow
from worker.encode.csv import CsvEncoder
from worker.encode.json_text import NdjsonEncoder

_FLOATS = (Kind.FLOAT32, Kind.FLOAT64, Kind.POINT)
_WITHOUT_FLOATS = [
    name
    for name, (type_, _) in samples.TYPES.items()
    if type_.kind not in _FLOATS and not (type_.element and type_.element.kind in _FLOATS)
]


@pytest.mark.parametrize("nulls", [False, True])
@pytest.mark.parametrize(("by_row", "columnar"), [(CsvByRow, CsvEncoder), (NdjsonByRow, NdjsonEncoder)])
def test_rows_equal_columnar_encoder(
    by_row: type[CsvByRow] | type[NdjsonByRow], columnar: type[CsvEncoder] | type[NdjsonEncoder], nulls: bool
) -> None:
    table = samples.table(_WITHOUT_FLOATS)
    batch = samples.batch(table, nulls)
    one, other = by_row(table), columnar(table)
    assert one.header == other.header
    assert one.encode(batch).cut() == other.encode(batch).cut()
    assert len(one.encode(batch)) == samples.ROWS


def test_floats_read_back_equal() -> None:
    table = samples.table(["f32", "f64", "place", "list_f32", "list_f64"])
    batch = samples.batch(table, nulls=True)
    for line, row in zip(NdjsonByRow(table).encode(batch).cut(), samples.rows_of(table, batch), strict=True):
        found = json.loads(line, parse_float=Decimal)
        for column in table.columns:
            assert read_json(found[column.name], column.type) == row[column.name], column.name
