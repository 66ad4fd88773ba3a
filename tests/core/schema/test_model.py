"""The columns dialect, the shop schema, and the model that the plan contains."""

from pathlib import Path

import pytest

from core.errors import SchemaError
from core.schema.file import load_schema, parse_schema
from core.schema.model import Schema
from core.schema.types import Kind

SHOP = Path(__file__).parents[3] / "schemas" / "shop.yaml"


def test_shop_schema_has_expected_tables_and_types() -> None:
    schema = load_schema(SHOP)
    assert [table.name for table in schema.tables] == ["users", "orders", "products"]
    assert {column.name: column.type.kind for column in schema.table("users").columns} == {
        "id": Kind.INT64,
        "name": Kind.VARCHAR,
        "email": Kind.VARCHAR,
        "created_at": Kind.TIMESTAMP,
    }
    assert {column.name: column.type.kind for column in schema.table("orders").columns} == {
        "id": Kind.UUID,
        "user_id": Kind.INT64,
        "amount": Kind.DECIMAL,
        "status": Kind.ENUM,
    }
    assert schema.table("orders").column("status").type.values == ("pending", "completed", "cancelled")
    assert schema.table("orders").key.name == "id"
    assert schema.position("orders") == 1


def test_schema_round_trips_through_json() -> None:
    schema = load_schema(SHOP)
    assert Schema.model_validate_json(schema.model_dump_json()) == schema


def test_unknown_table_error_lists_tables() -> None:
    with pytest.raises(SchemaError, match=r"'users2'.*users, orders, products"):
        load_schema(SHOP).table("users2")


def test_unknown_column_error_lists_columns() -> None:
    with pytest.raises(SchemaError, match=r"table users: column 'nme'.*id, name, email"):
        load_schema(SHOP).table("users").column("nme")


def test_integer_key_is_unique_and_sequential_from_one() -> None:
    schema = parse_schema(
        "tables: [{name: t, primary_key: id, columns: [{name: id, data_type: integer}, {name: n, data_type: integer}]}]",
        "s",
    )
    key, other = schema.table("t").columns
    assert key.unique
    assert key.generator.model_dump() == {"type": "sequential", "start": 1}
    assert other.generator.type == "int_range"
    assert not other.unique


@pytest.mark.parametrize(
    ("type_", "first"),
    [
        ("bigint", 7), ("int", 7), ("smallint", 7), ("tinyint", 7), ("text", None), ("varchar(20)", None),
        ("decimal(10,0)", None),
    ],
)  # fmt: skip
def test_table_has_consecutive_keys_only_for_integers(type_, first):
    column = f"{{name: id, data_type: '{type_}', generator: {{type: sequential, start: 7}}}}"
    schema = parse_schema(f"tables: [{{name: t, primary_key: id, columns: [{column}]}}]", "made.yaml")
    assert schema.table("t").first_key == first
    assert schema.table("t").has_consecutive_keys == (first is not None)


def test_random_integer_keys_are_not_consecutive():
    column = "{name: id, data_type: bigint, generator: {type: int_range, min: 1, max: 9}}"
    schema = parse_schema(f"tables: [{{name: t, primary_key: id, columns: [{column}]}}]", "made.yaml")
    assert not schema.table("t").has_consecutive_keys
