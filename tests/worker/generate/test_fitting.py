"""Every generator with every kind of column: valid rows if it can produce the kind, else an error."""

from itertools import product
from typing import get_args

import pytest

from core.errors import SchemaError
from core.schema.generators import Generator
from core.schema.model import Schema
from core.schema.types import Kind
from tests.worker.generate.schemas import dataset, table_of

TYPES = {
    **{kind: str(kind) for kind in Kind},
    Kind.DECIMAL: '"decimal(9,2)"',
    Kind.CHAR: '"char(70)"',
    Kind.VARCHAR: '"varchar(70)"',
    Kind.ARRAY: "{type: array, element_type: int}",
    Kind.ENUM: "{type: enum, values: [red, blue]}",
    Kind.SET: "{type: set, values: [red, blue]}",
}
VALUES = {
    **dict.fromkeys((Kind.INT8, Kind.INT16, Kind.INT32, Kind.INT64), "7"),
    **dict.fromkeys((Kind.FLOAT32, Kind.FLOAT64, Kind.DECIMAL), "7.5"),
    **dict.fromkeys((Kind.DATETIME, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ, Kind.DATE), "2024-02-29"),
    Kind.BOOL: "true",
    Kind.TIME: "'23:59:59.5'",
    Kind.UUID: "6ba7b810-9dad-41d1-80b4-00c04fd430c8",
    Kind.ULID: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    Kind.ARRAY: "[1, 2]",
    Kind.SET: "[red, blue]",
    Kind.DURATION: "0.25",
    Kind.POINT: "[1, 2.5]",
}
PROVIDERS = {
    **dict.fromkeys((Kind.INT8, Kind.INT16, Kind.INT32, Kind.INT64), "random_digit"),
    **dict.fromkeys((Kind.FLOAT32, Kind.FLOAT64, Kind.DECIMAL), "random_digit"),
    Kind.BOOL: "boolean",
    Kind.UUID: "uuid4",
    Kind.JSON: "boolean",
    Kind.JSONB: "word",
    **dict.fromkeys((Kind.CHAR, Kind.VARCHAR, Kind.TEXT, Kind.BLOB, Kind.BYTES), "word"),
}


def generator(name: str, kind: Kind) -> str:
    value = VALUES.get(kind, "red")
    pool = {Kind.ARRAY: "[1, 2]"}.get(kind, "[red, blue]")
    parameters = {
        "pattern": "pattern: 'x{index}'",
        "int_range": "min: -3, max: 100",
        "float_range": "min: -3, max: 100",
        "decimal_range": "min: -3, max: 100",
        "timestamp_range": "start: 1960-01-01, end: 2040-01-01",
        "duration_range": "min_secs: 0, max_secs: 9",
        "weighted_bool": "true_weight: 0.5",
        "one_of": f"values: [{value}]",
        "static": f"value: {value}",
        "sample_array": f"pool: {pool}, max_length: 2",
        "faker": f"provider: {PROVIDERS.get(kind, 'word')}, pool: 20",
        "template": "template: '<{id}>'",
    }
    return f"{{type: '{name}', {parameters.get(name, '')}}}"


GENERATORS = {model.model_fields["type"].default for model in get_args(get_args(Generator)[0])} - {"reference"}
_WHOLE_NUMBERS = "int8 int16 int32 int64"
_TEXTS = "char varchar text"
_INSTANTS = "date time datetime timestamp timestamp_tz"
_ALL = " ".join(Kind)
FITS: dict[str, str] = {
    "sequential": f"{_WHOLE_NUMBERS} decimal {_TEXTS}",
    "uuid_v4": f"uuid {_TEXTS} blob bytes json jsonb",
    "ulid": f"ulid {_TEXTS}",
    "pattern": f"{_TEXTS} blob bytes json jsonb",
    "template": _TEXTS,
    "int_range": f"{_WHOLE_NUMBERS} float32 float64 decimal json jsonb",
    "float_range": "float32 float64 decimal",
    "decimal_range": "decimal float32 float64",
    "timestamp_range": _INSTANTS,
    "timestamp_recent": _INSTANTS,
    "timestamp_now": _INSTANTS,
    "duration_range": "duration",
    "weighted_bool": f"bool {_WHOLE_NUMBERS} json jsonb",
    "one_of": _ALL,
    "sample_array": "array set json jsonb",
    "static": _ALL,
    "null": _ALL,
    "random_bytes": "blob bytes",
    "point_range": "point",
    "name": _TEXTS,
    "email": _TEXTS,
    "faker": f"bool {_WHOLE_NUMBERS} float32 float64 decimal {_TEXTS} enum blob bytes"
    f" {_INSTANTS} json jsonb uuid ulid duration",
}
"""The kinds that each generator can fill, as docs/data.md lists them."""
PAIRS = [(name, kind, str(kind) in FITS[name].split()) for name, kind in product(FITS, Kind)]
NO_PROVIDER = {
    Kind.ENUM,
    Kind.ULID,
    Kind.DATE,
    Kind.TIME,
    Kind.DATETIME,
    Kind.TIMESTAMP,
    Kind.TIMESTAMP_TZ,
    Kind.DURATION,
}


def field(name: str, kind: Kind) -> str:
    return f"{{name: c, type: {TYPES[kind]}, nullable: true, generator: {generator(name, kind)}}}"


def test_every_generator_is_documented_with_its_kinds() -> None:
    assert set(FITS) == GENERATORS


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for name, kind, fits in PAIRS if fits])
def test_suitable_generator_produces_valid_rows(name: str, kind: Kind) -> None:
    rows = dataset(Schema(tables=(table_of(field(name, kind)),)), rows=100).table("t")
    if name == "faker" and kind in NO_PROVIDER:
        # No provider of Faker has values of these kinds, so its words are refused.
        with pytest.raises(SchemaError, match=r"column c: generator\.faker: 'word' "):
            rows.batch(0, 100)
        return
    batch = rows.batch(0, 100)
    batch.validate(full=True)
    values = batch.column("c").to_pylist()
    assert len(values) == 100
    assert (values[0] is None) == (name == "null")


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for name, kind, fits in PAIRS if not fits])
def test_unsuitable_generator_is_refused(name: str, kind: Kind) -> None:
    with pytest.raises(
        SchemaError, match=rf"table t: column c: generator: '{name}' cannot fill {kind}; write one of \w+"
    ):
        table_of(field(name, kind))


def test_reference_fits_every_key_type() -> None:
    for kind in Kind:
        name = next(
            (name for name in ("sequential", "uuid_v4", "ulid", "timestamp_now") if (name, kind, True) in PAIRS), None
        )
        if name is None or kind in (Kind.DATE, Kind.TIME, Kind.JSON, Kind.JSONB):
            continue
        unique = field(name, kind).replace("nullable: true", "unique: true")
        table = table_of(unique, f"{{name: r, type: {TYPES[kind]}, references: t.c}}")
        batch = dataset(Schema(tables=(table,)), rows=50).table("t").batch(0, 50)
        assert set(batch.column("r").to_pylist()) <= set(batch.column("c").to_pylist())
