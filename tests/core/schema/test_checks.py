"""The plan refuses tables that MongoDB, Kafka and Neo4j cannot store, and warns of rounded values."""

from decimal import Decimal
from typing import Any

import pytest

from core.errors import PlanError
from core.schema.checks import check_limits, limit_warnings
from core.schema.generators import (
    DecimalRange,
    Generator,
    OneOf,
    Pattern,
    RandomBytes,
    SampleArray,
    Sequential,
    Static,
    TimestampRecent,
)
from core.schema.model import Column, Table
from core.schema.types import DataType, Kind
from core.units import MIB

TEXT, JSONB = DataType(kind=Kind.TEXT), DataType(kind=Kind.JSONB)
TEXTS = DataType(kind=Kind.ARRAY, element=TEXT)
_DEEP: Any = 1
for _ in range(100):
    _DEEP = [_DEEP]


def _table(type_: DataType, generator: Generator, *, column: str = "wide", name: str = "things") -> Table:
    key = Column(name="id", type=DataType(kind=Kind.INT64), generator=Sequential())
    return Table(name=name, primary_key="id", columns=(key, Column(name=column, type=type_, generator=generator)))


def _keyed(value: str) -> Table:
    """Return a table whose key has this value."""
    key = Column(name="id", type=TEXT, generator=OneOf(values=("a", value)))
    return Table(name="things", primary_key="id", columns=(key,))


@pytest.mark.parametrize(
    ("source", "table", "said"),
    [
        ("mongodb", _table(TEXT, Pattern(pattern="x"), column="_id"), "_id is where MongoDB stores the primary key"),
        ("mongodb", _table(TEXT, Static(value="x" * (16 * MIB + 1))), "larger than 16,777,216"),
        ("mongodb", _table(TEXTS, SampleArray(pool=("x" * 2_000,), max_length=10_000)), "which has up to 20,000,000"),
        ("mongodb", _table(JSONB, OneOf(values=({"a\0b": 1}, {}))), "U+0000"),
        ("mongodb", _table(JSONB, Static(value='{"a\\u0000b": 1}')), "U+0000"),
        ("mongodb", _table(JSONB, Static(value=_DEEP)), "nested 100 levels deep"),
        ("kafka", _table(TEXT, Static(value="x" * (16 * MIB + 1))), "a message of 16,777,217 bytes or more"),
        ("kafka", _table(TEXT, Pattern(pattern="x"), name="__consumer_offsets"), "begin with __ are Kafka's own"),
        ("neo4j", _table(TEXTS, SampleArray(pool=("a", None), max_length=2)), "a list cannot hold a null"),
        ("neo4j", _keyed("x" * 8_161), "a key of up to 8,161 bytes is longer than 8,160"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 10 else "",
)  # fmt: skip
def test_table_beyond_limit_is_refused(source: str, table: Table, said: str) -> None:
    with pytest.raises(PlanError, match=f"source: '{source}' cannot hold the schema: table {table.name}: ") as refused:
        check_limits(source, [table])
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("source", ["mongodb", "kafka", "neo4j"])
def test_largest_values_are_accepted(source: str) -> None:
    check_limits(source, [_table(DataType(kind=Kind.BLOB), RandomBytes(max_length=65_536))])
    check_limits(source, [_table(TEXT, Static(value="x" * (15 * MIB)))])
    check_limits(source, [_table(JSONB, OneOf(values=({"a.b": {"$c": "\0"}},)))])


def test_neo4j_accepts_longest_key() -> None:
    check_limits("neo4j", [_keyed("x" * 8_160)])


def test_mongodb_accepts_id_as_primary_key() -> None:
    key = Column(name="_id", type=DataType(kind=Kind.INT64), generator=Sequential())
    check_limits("mongodb", [Table(name="things", primary_key="_id", columns=(key,))])


def test_mongodb_warns_of_rounded_values() -> None:
    tables = [
        _table(DataType(kind=Kind.DECIMAL, precision=38, scale=10), DecimalRange(min=Decimal(0), max=Decimal(1))),
        _table(DataType(kind=Kind.TIMESTAMP), Static(value="2024-01-01T00:00:00.000001Z")),
        _table(DataType(kind=Kind.TIMESTAMP), TimestampRecent()),
        _table(DataType(kind=Kind.DECIMAL, precision=34, scale=10), DecimalRange(min=Decimal(0), max=Decimal(1))),
    ]
    digits, milliseconds = limit_warnings("mongodb", tables)
    assert "MongoDB's decimals have 34 digits: a decimal(38,10) is stored as text" in digits
    assert "MongoDB's dates have milliseconds" in milliseconds
    assert limit_warnings("csv", tables) == []


CHARS = DataType(kind=Kind.CHAR, length=5)
DECIMALS = DataType(kind=Kind.ARRAY, element=DataType(kind=Kind.DECIMAL, precision=16, scale=2))


@pytest.mark.parametrize(
    ("source", "table", "said"),
    [
        ("mysql", _table(CHARS, OneOf(values=("a", "b "))), "MySQL pads a char with spaces"),
        ("mysql", _table(DECIMALS, SampleArray(pool=("1.10",), max_length=2)), "a decimal(16,2) is rounded"),
        ("mysql", _table(JSONB, Static(value={"a": [2**64]})), "MySQL's JSON numbers beyond 64 bits are doubles"),
        ("postgresql", _table(CHARS, Static(value="b ")), "PostgreSQL pads a char with spaces"),
        (
            "postgresql",
            _table(DataType(kind=Kind.ARRAY, element=CHARS), SampleArray(pool=("b ",), max_length=2)),
            "PostgreSQL pads a char with spaces",
        ),
        ("mongodb", _table(JSONB, OneOf(values=(1, '{"a": 9223372036854775808}'))), "MongoDB's JSON numbers beyond 64"),
    ],
)
def test_rounded_values_are_a_warning(source: str, table: Table, said: str) -> None:
    (warning,) = limit_warnings(source, [table])
    assert warning.startswith("table things: column wide: ")
    assert said in warning


@pytest.mark.parametrize("source", ["mysql", "postgresql", "mongodb", "neo4j", "kafka", "csv", "jsonl"])
def test_exact_values_give_no_warning(source: str) -> None:
    tables = [
        _table(CHARS, OneOf(values=("a", " b"))),
        _table(JSONB, Static(value={"a": [2**63 - 1, True, 1.5]})),
        _table(TEXT, Static(value="b ")),
    ]
    assert limit_warnings(source, tables) == []
