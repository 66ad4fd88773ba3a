"""Properties of every column: values depend on seed, table, column and row only."""

import uuid
from collections.abc import Iterator
from itertools import pairwise
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.plan import BASE_INSTANT
from core.schema.model import Column, Schema
from core.schema.values import EXACT
from tests.worker.generate.schemas import ROWS, cells, dataset, every_row, every_type, independent_columns, tables
from worker.generate import Dataset, arrow_schema
from worker.generate.stream import Stream

TABLES = [table.name for table in every_type().tables]
MODEST = settings(max_examples=40)


@MODEST
@given(tables(), st.integers(0, ROWS - 400), st.integers(0, 400), st.lists(st.integers(0, 400), max_size=5))
def test_rows_are_equal_for_random_splits(name: str, first: int, count: int, cuts: list[int]) -> None:
    rows = every_row().table(name)
    bounds = [0, *sorted(cut for cut in cuts if cut <= count), count]
    parts = [rows.batch(first + low, high - low) for low, high in pairwise(bounds)]
    assert pa.Table.from_batches(parts).combine_chunks().equals(pa.Table.from_batches([rows.batch(first, count)]))


@MODEST
@given(independent_columns(), st.integers(0, ROWS - 50), st.randoms(use_true_random=False))
def test_column_does_not_depend_on_other_columns(place: tuple[str, Column], first: int, random: Random) -> None:
    name, column = place
    table = every_type().table(name)
    alone = table.model_copy(update={"columns": (column,), "primary_key": column.name})
    shuffled = [other for other in table.columns if other.generator.type != "template"]
    random.shuffle(shuffled)
    reordered = table.model_copy(update={"columns": tuple(shuffled)})
    expected = every_row().table(name).batch(first, 50, [column.name]).column(0)
    for changed in (alone, reordered):
        schema = Schema(
            tables=tuple(changed if other.name == name else other for other in every_type().tables),
        )
        assert dataset(schema).table(name).batch(first, 50, [column.name]).column(0).equals(expected)


@pytest.mark.parametrize("name", TABLES)
def test_batch_has_types_and_nullability_of_schema(name: str) -> None:
    table = every_type().table(name)
    batch = every_row().table(name).batch(0, 500)
    batch.validate(full=True)
    assert batch.schema.equals(arrow_schema(table), check_metadata=True)
    for column in table.columns:
        field = batch.schema.field(column.name)
        assert field.metadata == {b"kind": str(column.type.kind).encode()}
        assert field.nullable == column.nullable
        assert column.nullable or batch.column(column.name).null_count == 0


VARYING = [
    (table.name, column.name)
    for table in every_type().tables
    for column in table.columns
    if column.generator.type not in ("static", "null", "sequential", "timestamp_now")
    and not (column.name == "cut" or column.name == "line")
]


@pytest.mark.parametrize(("table", "column"), VARYING)
def test_seed_changes_every_random_column(table: str, column: str) -> None:
    one, other = (every_row(seed).table(table).batch(0, 200, [column]).column(0) for seed in (42, 142))
    assert not one.equals(other)


def test_column_and_table_names_change_values() -> None:
    field = "type: big_int, generator: {type: int_range, min: 0, max: 1000000}"
    names = ["{name: a, " + field + "}", "{name: b, " + field + "}"]
    from tests.worker.generate.schemas import table_of

    table = table_of(*names)
    other = table.model_copy(update={"name": "u"})
    # A table's seed is the base seed plus its position, so `t` in one schema and `u` in the other have the same seed.
    first = dataset(Schema(tables=(table, other)), seed=7)
    second = dataset(Schema(tables=(other, table)), seed=7)
    columns = {
        name: rows.batch(0, 100, [column]).column(0).to_pylist()
        for name, rows, column in [
            ("t.a", first.table("t"), "a"),
            ("t.b", first.table("t"), "b"),
            ("u.a at the same seed", second.table("u"), "a"),
        ]
    }
    assert len({tuple(values) for values in columns.values()}) == 3


def test_row_count_changes_only_references() -> None:
    fewer, more = (dataset(every_type(), rows=rows) for rows in (5_000, 10_000))
    for table in every_type().tables:
        names = [column.name for column in table.columns if column.generator.type != "reference"]
        assert fewer.table(table.name).batch(10, 100, names).equals(more.table(table.name).batch(10, 100, names))


class Counted:
    """A counter of the random draws of a generation."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.draws = 0
        original = Stream.draws

        def counting(stream: Stream, rows: np.ndarray) -> np.ndarray:
            self.draws += len(rows)
            return original(stream, rows)

        monkeypatch.setattr(Stream, "draws", counting)


def far_tables() -> Iterator[tuple[str, list[str]]]:
    """Yield each table with its columns that have a value for any row, from a constant number of draws."""
    varying = ("sample_array", "random_bytes")
    for table in every_type().tables:
        bounded = {
            column.name
            for column in table.columns
            if column.unique and column.generator.type in ("int_range", "reference", "pattern")
        }
        if table.name == "texts":
            bounded |= {"contact"}
        yield (
            table.name,
            [
                column.name
                for column in table.columns
                if column.name not in bounded
                and column.generator.type not in varying
                and (column.generator.type != "reference" or column.name in ("number_id", "fraction_id", "text_id"))
            ],
        )


@pytest.mark.parametrize(("name", "columns"), list(far_tables()))
def test_distant_row_needs_as_many_draws_as_first_row(
    monkeypatch: pytest.MonkeyPatch, name: str, columns: list[str]
) -> None:
    rows = every_row().table(name)
    rows.batch(0, 1, columns)
    counted = Counted(monkeypatch)
    near = rows.batch(0, 500, columns)
    spent = counted.draws
    far = rows.batch(10**12, 500, columns)
    assert counted.draws == 2 * spent
    assert near.num_rows == far.num_rows == 500


@pytest.mark.parametrize("first", [2**40, 2**53 + 1, 2**62 - 100])
def test_huge_row_number_generates_valid_row(first: int) -> None:
    for name, columns in far_tables():
        unbounded = [column for column in columns if column != "counted"]
        batch = every_row().table(name).batch(first, 100, unbounded)
        batch.validate(full=True)
        assert batch.num_rows == 100


def test_uuids_have_version_4() -> None:
    table = every_row().table("fractions").batch(0, 5_000, ["id"]).column(0).to_pylist()
    texts = every_row().table("texts").batch(0, 5_000, ["letter"]).column(0).to_pylist()
    for identifier in [uuid.UUID(bytes=value) for value in table] + [uuid.UUID(text) for text in texts]:
        assert identifier.version == 4
        assert identifier.variant == uuid.RFC_4122


@MODEST
@given(
    st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1), st.sampled_from(["uniform", "normal", "zipf"])
)
def test_whole_numbers_are_within_range(one: int, other: int, distribution: str) -> None:
    low, high = sorted((one, other))
    generator = f"{{type: int_range, min: {low}, max: {high}, distribution: {distribution}}}"
    values = cells(f"type: big_int, generator: {generator}", rows=200)
    assert low <= min(values) <= max(values) <= high


@MODEST
@given(
    st.floats(-1e300, 1e300),
    st.floats(-1e300, 1e300),
    st.sampled_from(["uniform", "normal", "zipf"]),
)
def test_fractions_are_within_range(one: float, other: float, distribution: str) -> None:
    low, high = sorted((one, other))
    generator = f"{{type: float_range, min: {low:.17e}, max: {high:.17e}, distribution: {distribution}}}"
    values = cells(f"type: double, generator: {generator}", rows=200)
    assert low <= min(values) <= max(values) <= high


@MODEST
@given(st.integers(1, 38), st.data())
def test_decimals_are_within_range_and_scale(precision: int, data: st.DataObject) -> None:
    scale = data.draw(st.integers(0, precision))
    most = 10**precision - 1
    low, high = sorted(data.draw(st.lists(st.integers(-most, most), min_size=2, max_size=2)))
    bounds = [
        f"{'-' if unit < 0 else ''}{abs(unit) // 10**scale}.{abs(unit) % 10**scale:0{max(scale, 1)}d}"
        for unit in (low, high)
    ]
    if scale == 0:
        bounds = [str(low), str(high)]
    generator = f'{{type: decimal_range, min: "{bounds[0]}", max: "{bounds[1]}"}}'
    values = cells(f'type: "decimal({precision},{scale})", generator: {generator}', rows=100)
    units = [int(value.scaleb(scale, context=EXACT)) for value in values]
    assert low <= min(units) <= max(units) <= high
    assert all(-value.as_tuple().exponent == scale for value in values)


def test_instants_are_within_range() -> None:
    batch = every_row().table("instants").batch(0, 5_000)
    assert {value.year for value in batch.column("at").to_pylist()} == {2024}
    assert all(1969 <= value.year <= 2030 for value in batch.column("day").to_pylist())
    lately = batch.column("lately").to_pylist()
    now = BASE_INSTANT.replace(tzinfo=None)
    assert all(0 < (now - value).total_seconds() <= 30 * 86_400 for value in lately)
    assert all(value.microsecond % 1000 == 0 for value in lately)


def test_references_have_a_parent_row() -> None:
    rows = every_row()
    for name, parent, key in [
        ("number_id", "whole_numbers", "id"),
        ("fraction_id", "fractions", "id"),
        ("text_id", "texts", "id"),
        ("instant_id", "instants", "id"),
        ("only_once", "instants", "id"),
        ("parent_id", "links", "id"),
    ]:
        parents = set(rows.table(parent).batch(0, ROWS, [key]).column(0).to_pylist())
        children = rows.table("links").batch(0, ROWS, [name]).column(0).to_pylist()
        assert {child for child in children if child is not None} <= parents
        assert len(set(children)) > ROWS // 4
    only_once = rows.table("links").batch(0, ROWS, ["only_once"]).column(0).to_pylist()
    assert len(set(only_once)) == ROWS


def test_template_joins_its_columns() -> None:
    batch = every_row().table("texts").batch(0, 300)
    for row in batch.to_pylist():
        assert row["contact"] == f"{row['person']} <{row['address'] or ''}> {row['letter']} {row['code']}"


def test_dataset_without_rows_is_empty() -> None:
    empty = Dataset(every_type(), seed=1, rows=0, base_instant=BASE_INSTANT)
    for name in TABLES:
        assert empty.table(name).batch(0, 0).num_rows == 0


def test_decimal_of_38_digits_is_exact() -> None:
    widest = "1234567890" * 3 + "123456.78"
    (listed,) = set(cells(f'type: "decimal(38,2)", generator: {{type: static, value: "{widest}"}}', rows=5))
    drawn = f'{{type: decimal_range, min: "{"9" * 36}.98", max: "{"9" * 36}.99"}}'
    assert str(listed) == widest
    assert {str(value) for value in cells(f'type: "decimal(38,2)", generator: {drawn}', rows=200)} == {
        f"{'9' * 36}.98",
        f"{'9' * 36}.99",
    }
