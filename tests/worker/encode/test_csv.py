"""The CSV encoder against Python's csv module."""

import csv
import io

import pytest

from core.schema.model import Table
from tests.worker.encode import samples
from tests.worker.encode.texts import read_csv
from worker.encode.csv import CsvEncoder


@pytest.mark.parametrize("nulls", [False, True])
def test_csv_reads_back_equal(nulls: bool) -> None:
    table = samples.table()
    batch = samples.batch(table, nulls, without_nul=False)
    encoder = CsvEncoder(table)
    rows = encoder.encode(batch)
    text = (encoder.header + bytes(rows.data)).decode()
    lines = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    types = {column.name: column.type for column in table.columns}
    expected = samples.rows_of(table, batch)
    assert len(lines) == len(rows) == samples.ROWS
    for line, row in zip(lines, expected, strict=True):
        for name, value in row.items():
            if value in (None, "", b""):
                assert line[name] == ""
            else:
                assert read_csv(line[name], types[name]) == value, name


def test_null_is_empty_and_empty_string_is_quoted() -> None:
    table = samples.table(["i32", "long_text"])
    batch = samples.batch_of(table, {"id": [1, 2, 3], "i32": [None, 5, 6], "long_text": ["", None, "a"]})
    encoder = CsvEncoder(table)
    assert encoder.header == b"id,i32,long_text\n"
    assert bytes(encoder.encode(batch).data) == b'1,,""\n2,5,\n3,6,a\n'


def test_encoded_rows_may_contain_line_ends() -> None:
    table = samples.table(["long_text"])
    batch = samples.batch_of(table, {"id": [1, 2], "long_text": ["a\nb\n", "c"]})
    rows = CsvEncoder(table).encode(batch)
    assert rows.cut(terminator=1) == [b'1,"a\nb\n"', b"2,c"]


def test_header_quotes_names() -> None:
    table = samples.table(["i32"])
    odd = table.columns[1].model_copy(update={"name": 'a,"b"\n'})
    encoder = CsvEncoder(Table(name="t", primary_key="id", columns=(table.columns[0], odd)))
    assert next(csv.reader(io.StringIO(encoder.header.decode(), newline=""))) == ["id", 'a,"b"\n']
