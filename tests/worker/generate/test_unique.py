"""Unique columns: distinct values for ten million rows, and an error if there are too few values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import SchemaError
from core.schema.checks.capacity import check_rows
from core.schema.model import Schema
from tests.worker.generate.schemas import cells, dataset, table_of
from worker.generate.sampler import Permutation

MILLIONS = 10_000_000
CHUNK = 500_000


@settings(max_examples=60)
@given(st.integers(1, 3000), st.integers(0, 2**32))
def test_permutation_returns_each_value_once(size: int, key: int) -> None:
    assert sorted(Permutation(size, key)(np.arange(size, dtype=np.uint64)).tolist()) == list(range(size))


@given(st.integers(2**40, 2**64), st.lists(st.integers(0, 2**40 - 1), min_size=2, max_size=50, unique=True))
def test_wide_permutation_stays_in_its_domain(size: int, rows: list[int]) -> None:
    values = Permutation(size, "wide")(np.array(rows, np.uint64)).tolist()
    assert max(values) < size
    assert len(set(values)) == len(rows)


def test_permutation_scatters_neighbouring_rows() -> None:
    values = Permutation(10_000, "spread")(np.arange(10_000, dtype=np.uint64)).astype(np.int64)
    assert len(set(np.diff(values).tolist())) > 5_000
    assert abs(np.corrcoef(values, np.arange(10_000))[0, 1]) < 0.05


@pytest.mark.parametrize(
    ("field", "scale"),
    [
        ("{name: c, type: int, unique: true, generator: {type: int_range, min: -5, max: 9999994}}", 1),
        (
            '{name: c, type: "decimal(12,2)", unique: true, generator: {type: decimal_range, min: 0, max: 99999.99}}',
            100,
        ),
    ],
)
def test_ten_million_unique_rows_have_distinct_values(field: str, scale: int) -> None:
    rows = dataset(Schema(tables=(table_of(field),)), rows=MILLIONS).table("t")
    seen = np.zeros(MILLIONS, np.bool_)
    for first in range(0, MILLIONS, CHUNK):
        words = np.frombuffer(rows.batch(first, CHUNK, ["c"]).column(0).buffers()[1], "<i4" if scale == 1 else "<i8")
        seen[words + 5 if scale == 1 else words[::2]] = True
    assert seen.all()


def test_ten_million_uuids_are_distinct() -> None:
    rows = dataset(Schema(tables=(table_of("{name: c, type: uuid, unique: true, generator: uuid_v4}"),)), rows=MILLIONS)
    halves = np.empty(MILLIONS, np.uint64)
    for first in range(0, MILLIONS, CHUNK):
        words = np.frombuffer(rows.table("t").batch(first, CHUNK, ["c"]).column(0).buffers()[1], np.uint64)
        halves[first : first + CHUNK] = words[::2]
    halves.sort()
    # Two of ten million first halves (60 random bits) are equal with a probability of 1 in 20,000.
    assert not (np.diff(halves) == 0).any()


@pytest.mark.parametrize(
    "field",
    [
        "type: int, unique: true, generator: {type: int_range, min: 1, max: 3000}",
        'type: "varchar(8)", unique: true, generator: {type: pattern, pattern: "{rand:4}"}',
        "type: timestamp, unique: true, generator: {type: timestamp_range, start: 2024-01-01, end: 2024-01-02}",
        "type: timestamp, unique: true, generator: {type: timestamp_recent, days: 1}",
        "type: duration, unique: true, generator: {type: duration_range, min_secs: 0, max_secs: 5000}",
        "type: ulid, unique: true, generator: ulid",
        "type: text, unique: true, generator: email",
        "type: text, unique: true, template: 'number {id}'",
        "type: bytes, unique: true, generator: {type: random_bytes}",
        "type: timestamp, unique: true, generator: timestamp_now",
        "type: text, unique: true, generator: {type: faker, provider: ipv4, unique: true, pool: 10000}",
        "type: big_int, unique: true, references: t.id",
    ],
)
def test_unique_column_has_distinct_values(field: str) -> None:
    table = table_of("{name: c, " + field + "}")
    rows = 3_000
    values = dataset(Schema(tables=(table,)), rows=rows).table("t").batch(0, rows, ["c"]).column(0).to_pylist()
    assert len(set(values)) == rows


def test_unique_choice_uses_each_value_once() -> None:
    field = "type: text, unique: true, generator: {type: one_of, values: [a, b, c]}"
    table = table_of("{name: c, " + field + "}")
    assert sorted(dataset(Schema(tables=(table,)), rows=3).table("t").batch(0, 3, ["c"]).column(0).to_pylist()) == list(
        "abc"
    )


@pytest.mark.parametrize(
    ("field", "most"),
    [
        ("type: int, unique: true, generator: {type: int_range, min: 1, max: 1000}", "1,000"),
        ("type: tiny_int, generator: {type: sequential, start: 1}", "127"),
        ('type: "decimal(4,2)", generator: {type: sequential}', "100"),
        ('type: "char(3)", unique: true, generator: {type: pattern, pattern: "x{index}"}', "100"),
        ("type: text, unique: true, generator: {type: one_of, values: [a, b]}", "2"),
    ],
)
def test_more_rows_than_values_are_refused(field: str, most: str) -> None:
    table = table_of("{name: c, " + field + "}")
    schema = Schema(tables=(table,))
    with pytest.raises(SchemaError, match=rf"table t: column c: .*{most}.*the plan has 10,000 rows"):
        check_rows(schema, ["t"], 10_000)
    with pytest.raises(SchemaError, match="the plan has 10,000 rows"):
        dataset(schema, rows=10_000).table("t").batch(0, 1)
    check_rows(schema, ["t"], int(most.replace(",", "")))


def test_row_beyond_unique_values_is_refused() -> None:
    with pytest.raises(
        SchemaError, match="column c: int_range gives 11,000 different values but the plan has 12,001 rows"
    ):
        cells("type: int, unique: true, generator: {type: int_range, min: 1, max: 11000}", rows=1, first=12_000)
