"""Types, values and YAML scalars of schema files."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from core.errors import SchemaError
from core.schema.checks.capacity import check_rows
from core.schema.checks.references import type_text
from core.schema.file import parse_schema
from core.schema.generators import OneOf, Reference, Static
from core.schema.location import Location
from core.schema.model import Schema
from core.schema.types import DataType, Kind
from core.schema.values import read_value
from core.schema.yaml_text import parse_yaml


def type_of(text: str) -> DataType:
    from core.schema.parsing.types import parse_type

    return parse_type(Location("s"), "type", parse_yaml(text, "s"))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        *((word, Kind.BOOL) for word in ("bool", "boolean", "BOOL")),
        *((word, Kind.INT8) for word in ("tiny_int", "tinyint", "int8", '"tinyint(1)"', "{type: tiny_int, width: 1}")),
        *((word, Kind.INT16) for word in ("small_int", "smallint", "int16")),
        *((word, Kind.INT32) for word in ("int", "integer", "int32", "INTEGER")),
        *((word, Kind.INT64) for word in ("big_int", "bigint", "int64", "BigInt")),
        *((word, Kind.FLOAT32) for word in ("float", "float32")),
        *((word, Kind.FLOAT64) for word in ("double", "float64")),
        *((word, Kind.TEXT) for word in ("text", "string", "{type: text}")),
        *((word, Kind.DATETIME) for word in ("date_time", "datetime", "date_time_nano", "datetime_nano")),
        *((word, Kind.TIMESTAMP_TZ) for word in ("timestamp_tz", "timestamptz")),
        *((word, Kind.POINT) for word in ("point", "geometry", "{type: geometry, geometry_type: point}")),
        *((str(kind), kind) for kind in (Kind.BLOB, Kind.BYTES, Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.DURATION)),
        *((str(kind), kind) for kind in (Kind.JSON, Kind.JSONB, Kind.UUID, Kind.ULID)),
    ],
)
def test_type_spellings_are_parsed(text: str, kind: Kind) -> None:
    assert type_of(text) == DataType(kind=kind)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('"varchar(50)"', "varchar(50)"),
        ('"VARCHAR ( 50 )"', "varchar(50)"),
        ("{type: var_char, length: 50}", "varchar(50)"),
        ('"char(2)"', "char(2)"),
        ('"decimal(10,2)"', "decimal(10,2)"),
        ('"numeric(10, 2)"', "decimal(10,2)"),
        ("{type: decimal, precision: 38, scale: 38}", "decimal(38,38)"),
        ("{type: array, element_type: int}", "int32[]"),
        ('{type: array, element_type: "varchar(5)"}', "varchar(5)[]"),
        ("{type: array, element_type: {type: decimal, precision: 5, scale: 1}}", "decimal(5,1)[]"),
        ("{type: enum, values: [a, b]}", "enum"),
    ],
)
def test_type_parameters_are_parsed(text: str, shown: str) -> None:
    assert type_text(type_of(text)) == shown


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("1:30", "1:30"),
        ("0123", "0123"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("-7", -7),
        ("+7", 7),
        ("1e3", 1000.0),
        ("1.5", 1.5),
        (".5", 0.5),
        ("2024-01-01", "2024-01-01"),
        (".inf", ".inf"),
        ("'7'", "7"),
        ("<<", "<<"),
        ("=", "="),
        ('"\\U0001F600"', "\U0001f600"),
    ],
)
def test_yaml_scalars_follow_version_1_2(text: str, value: object) -> None:
    read = parse_yaml(f"a: {text}", "s")
    assert read == {"a": value}
    assert isinstance(read, dict)
    assert type(read["a"]) is type(value)


@pytest.mark.parametrize(
    ("value", "text", "read"),
    [
        (True, "bool", True),
        ("FALSE", "bool", False),
        ("12", "int", 12),
        (-128, "tiny_int", -128),
        (1, "double", 1.0),
        ("2.5", "float", 2.5),
        (9.99, '"decimal(5,2)"', Decimal("9.99")),
        ("1e2", '"decimal(5,2)"', Decimal("100.00")),
        (7, "text", "7"),
        (True, "text", "true"),
        ({"b": 1, "a": [None, "ü"]}, "json", '{"a":[null,"ü"],"b":1}'),
        ("text", "json", '"text"'),
        ("ü", "blob", "ü".encode()),
        ("2024-02-29", "date", date(2024, 2, 29)),
        ("23:59:59.5", "time", time(23, 59, 59, 500_000)),
        ("2024-02-29T12:00:00+02:00", "timestamp", datetime(2024, 2, 29, 10)),  # noqa: DTZ001
        ("2024-02-29T12:00:00+02:00", "timestamp_tz", datetime(2024, 2, 29, 10, tzinfo=UTC)),
        (90, "duration", timedelta(seconds=90)),
        ("6ba7b810-9dad-41d1-80b4-00c04fd430c8", "uuid", bytes.fromhex("6ba7b8109dad41d180b400c04fd430c8")),
        ("01arz3ndektsv4rrffq69g5fav", "ulid", "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        (["1", 2], "{type: array, element_type: int}", [1, 2]),
        (["b", "a"], "{type: set, values: [a, b]}", ["a", "b"]),
        ("a", "{type: set, values: [a, b]}", ["a"]),
        ({"x": 1, "y": 2}, "point", {"x": 1.0, "y": 2.0}),
        ({"type": "Point", "coordinates": [1, 2]}, "point", {"x": 1.0, "y": 2.0}),
        (None, "int", None),
    ],
)
def test_values_are_converted_to_type(value: object, text: str, read: object) -> None:
    assert read_value(value, type_of(text)) == read


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "bool"),
        (True, "int"),
        (128, "tiny_int"),
        ("1.5", "int"),
        ("\uff11", "int"),
        ("nan", "double"),
        (float("inf"), "float"),
        (1.999, '"decimal(5,2)"'),
        (1000, '"decimal(5,2)"'),
        ("1,5", '"decimal(5,2)"'),
        (float("nan"), "json"),
        (7, "blob"),
        ("2024-13-01", "date"),
        ("25:00", "time"),
        ("0001-01-01T00:00:00+14:00", "timestamp"),
        ("1 hour", "duration"),
        (1e300, "duration"),
        ("81ARZ3NDEKTSV4RRFFQ69G5FAV", "ulid"),
        ([1, None], "{type: array, element_type: int}"),
        (["a", "a"], "{type: set, values: [a, b]}"),
        ([1, 2, 3], "point"),
        ({"x": 1}, "point"),
    ],
)
def test_values_of_other_types_are_rejected(value: object, text: str) -> None:
    with pytest.raises(ValueError, match=r".+; .+"):
        read_value(value, type_of(text))


MIXED = """
tables:
  - name: users
    primary_key: id
    columns:
      - {name: id, data_type: uuid}
      - {name: nick, data_type: "varchar(20)", generator: {type: faker, provider: user_name}, null_ratio: 0.5}
      - {name: plan, data_type: text, generator: {type: one_of, values: [free, null]}}
  - name: orders
    id: {type: big_int, name: number, generator: {type: sequential, start: 1}}
    fields:
      - {name: user_id, type: uuid, references: users.id}
      - {name: again, type: uuid, references: {table: users, column: id, distribution: zipf}}
      - {name: never, type: int, generator: "null"}
"""


def test_file_may_mix_dialects() -> None:
    schema = parse_schema(MIXED, "s")
    users, orders = schema.tables
    assert users.column("nick").nullable
    assert users.column("nick").null_ratio == 0.5
    assert users.column("plan").nullable
    assert orders.key.name == "number"
    assert orders.column("user_id").generator == Reference(table="users", column="id")
    again = orders.column("again").generator
    assert isinstance(again, Reference)
    assert again.distribution.type == "zipf"
    assert orders.column("never").nullable
    assert Schema.model_validate_json(schema.model_dump_json()) == schema


def test_plan_keeps_json_values() -> None:
    text = "tables: [{name: t, id: {type: int, generator: sequential}, fields: [{name: a, type: json, generator: %s}]}]"
    value = parse_schema(text % "{type: static, value: {b: [1, 2.5, null, true], a: x}}", "s")
    again = Schema.model_validate_json(value.model_dump_json()).table("t").column("a").generator
    assert again == Static(value={"b": [1, 2.5, None, True], "a": "x"})
    choice = parse_schema(text % "{type: one_of, values: [{a: 1}, [2], 3]}", "s").table("t").column("a").generator
    assert choice == OneOf(values=({"a": 1}, [2], 3))


def test_row_capacity_is_checked_only_for_loaded_tables() -> None:
    schema = parse_schema(
        "tables: [{name: a, id: {type: tiny_int, generator: sequential}}, {name: b, id: {type: uuid, generator: uuid_v4}}]",
        "s",
    )
    check_rows(schema, ["b"], 10**12)
    check_rows(schema, ["a"], 128)
    with pytest.raises(
        SchemaError, match="table a: column id: sequential gives 128 different values but the plan has 129 rows"
    ):
        check_rows(schema, ["a", "b"], 129)
