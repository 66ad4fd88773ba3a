"""JSON lines against Python's json module, and message keys against the column."""

import json
from decimal import Decimal

import pytest

from core.schema.model import Table
from tests.worker.encode import samples
from tests.worker.encode.texts import read, read_json
from worker.encode.encoder import KeyEncoder
from worker.encode.json_text import NdjsonEncoder


@pytest.mark.parametrize("nulls", [False, True])
def test_json_lines_read_back_equal(nulls: bool) -> None:
    table = samples.table()
    batch = samples.batch(table, nulls, without_nul=False)
    rows = NdjsonEncoder(table).encode(batch)
    lines = bytes(rows.data).split(b"\n")
    assert lines.pop() == b""
    assert lines == rows.cut(terminator=1)
    types = {column.name: column.type for column in table.columns}
    for line, row in zip(lines, samples.rows_of(table, batch), strict=True):
        found = json.loads(line, parse_float=Decimal)
        assert list(found) == [column.name for column in table.columns]
        for name, value in row.items():
            assert read_json(found[name], types[name]) == value, name


def test_column_names_are_escaped() -> None:
    table = samples.table(["i32"])
    odd = table.columns[1].model_copy(update={"name": 'a"\\\n\U0001f9ea'})
    named = Table(name="t", primary_key="id", columns=(table.columns[0], odd))
    batch = samples.batch(table, nulls=False).rename_columns(["id", odd.name])
    first = NdjsonEncoder(named).encode(batch).cut()[0]
    assert json.loads(first) == {"id": 0, odd.name: 0}


@pytest.mark.parametrize("name", ["i64", "uid", "long_text", "sortable", "stamp"])
def test_message_keys_are_primary_keys(name: str) -> None:
    table = samples.table([name])
    keyed = Table(name="t", primary_key=name, columns=table.columns)
    batch = samples.batch(table, nulls=False, without_nul=False)
    keys = KeyEncoder(keyed).encode(batch).cut()
    expected = [row[name] for row in samples.rows_of(table, batch)]
    assert [read(key.decode(), keyed.key.type) for key in keys] == expected
