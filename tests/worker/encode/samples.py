"""A table with a column of every type, and difficult values of each."""

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from core.schema.generators import Null
from core.schema.model import Column, Table
from core.schema.types import DataType, Kind
from worker.arrow import arrow_schema

TEXTS = [
    "", " ", "plain", 'a "quoted" word', "comma, comma", "line\nbreak", "return\r\nboth\r", "tab\there", "back\\slash",
    "\\N", "\\.", "NULL", "ends\\", "'single'", "\x01\x1f\x7f", "umlaut äöü", "日本語", "\U0001f9ea\U0010ffff", "{a,b}",
    '{"json":1}', "\u2028\u2029", "x" * 300,
]  # fmt: skip
NUL = "nul\0inside"
BINARIES = [b"", b"\0", bytes(range(256)), b"\\N", b'\xf0\x9f\t\n\\,"', b"\xe4", b"\xc3\x28\r\n", b"plain"]
JSONS = [
    '{"a":1,"b":[1,2.5,null,"x\\n\\"y\\" \\u0001,"],"c":{"d":true}}', "[]", "{}", '"text"', "true", "3",
    "9007199254740993", "-0.5", "123456789012345678901", '{"\U0001f9ea":"\\\\"}', "[[[1]]]",
]  # fmt: skip
UUIDS = [uuid.UUID(int=0), uuid.UUID(int=2**128 - 1), uuid.UUID("5c092c5c-0a0d-4000-8000-00225c2c0927")]
INSTANTS = [
    datetime.fromisoformat(text)
    for text in (
        "0001-01-01", "9999-12-31T23:59:59.999999", "1970-01-01", "1969-12-31T23:59:59.999999",
        "2000-02-29T12:00:00.000001", "2024-07-01T08:09:10.120000",
    )
]  # fmt: skip
DURATIONS = [
    timedelta(0), timedelta(microseconds=1), timedelta(microseconds=-1), timedelta(seconds=-90, microseconds=-500000),
    timedelta(days=400, seconds=3), timedelta(microseconds=2**62), timedelta(microseconds=-(2**62)),
]  # fmt: skip
POINTS = [
    {"x": 0.0, "y": -0.0},
    {"x": 1.5, "y": -2.25},
    {"x": 180.0, "y": 1e-7},
    {"x": 1.7976931348623157e308, "y": 0.1},
]


def _integers(bits: int) -> list[int]:
    return [0, 1, -1, 2 ** (bits - 1) - 1, -(2 ** (bits - 1)), 10, -10, 99]


def _decimals(precision: int, scale: int) -> list[Decimal]:
    digits = [
        "0",
        "1",
        "9" * precision,
        "1" + "0" * (precision - 1),
        "12345678901234567890"[:precision],
        "10000"[:precision],
    ]
    exact = [Decimal((sign, tuple(map(int, text)), -scale)) for text in digits for sign in (0, 1)]
    return [value for value in exact if value or not value.is_signed()]


def _type(kind: Kind, **parameters: Any) -> DataType:
    return DataType(kind=kind, **parameters)


_MEMBERS = ("red", "light blue", 'qu"ote', "b\\s", "日本")
_SCALAR_TYPES: Mapping[str, tuple[DataType, Sequence[Any]]] = {
    "truth": (_type(Kind.BOOL), [True, False]),
    "i8": (_type(Kind.INT8), _integers(8)),
    "i16": (_type(Kind.INT16), _integers(16)),
    "i32": (_type(Kind.INT32), _integers(32)),
    "i64": (_type(Kind.INT64), _integers(64)),
    "f32": (_type(Kind.FLOAT32), [0.0, -0.0, 0.5, -1.25, 2.0**100, 3.4028234663852886e38, 2.0**-149, 16777216.0]),
    "f64": (_type(Kind.FLOAT64), [0.0, -0.0, 0.1, -2.5, 1e300, 1.7976931348623157e308, 1e-300, 2.0**53 + 2, 1 / 3]),
    "money": (_type(Kind.DECIMAL, precision=12, scale=2), _decimals(12, 2)),
    "whole": (_type(Kind.DECIMAL, precision=18, scale=0), _decimals(18, 0)),
    "part": (_type(Kind.DECIMAL, precision=18, scale=18), _decimals(18, 18)),
    "wide": (_type(Kind.DECIMAL, precision=38, scale=10), _decimals(38, 10)),
    "widest": (_type(Kind.DECIMAL, precision=38, scale=0), _decimals(38, 0)),
    "finest": (_type(Kind.DECIMAL, precision=30, scale=29), _decimals(30, 29)),
    "fixed_text": (_type(Kind.CHAR, length=12), ["abc", "a,\"\\\t\n\r'", "\U0001f9ea" * 12]),
    "short_text": (_type(Kind.VARCHAR, length=400), TEXTS),
    "long_text": (_type(Kind.TEXT), TEXTS),
    "choice": (_type(Kind.ENUM, values=("a", 'b"', "c,d", "e\\")), ["a", 'b"', "c,d", "e\\"]),
    "sortable": (_type(Kind.ULID), ["01ARZ3NDEKTSV4RRFFQ69G5FAV"]),
    "blob": (_type(Kind.BLOB), BINARIES),
    "raw": (_type(Kind.BYTES, length=300), BINARIES),
    "day": (_type(Kind.DATE), [instant.date() for instant in INSTANTS]),
    "clock": (_type(Kind.TIME), [time(), time(23, 59, 59, 999999), time(1, 2, 3, 4)]),
    "local": (_type(Kind.DATETIME), INSTANTS),
    "stamp": (_type(Kind.TIMESTAMP), INSTANTS),
    "instant": (_type(Kind.TIMESTAMP_TZ), [instant.replace(tzinfo=UTC) for instant in INSTANTS]),
    "doc": (_type(Kind.JSON), JSONS),
    "doc_b": (_type(Kind.JSONB), JSONS),
    "uid": (_type(Kind.UUID), [value.bytes for value in UUIDS]),
    "span": (_type(Kind.DURATION), DURATIONS),
    "place": (_type(Kind.POINT), POINTS),
    "tags": (_type(Kind.SET, values=_MEMBERS), [[], ["red"], list(_MEMBERS)]),
}


def _lists_of(values: Sequence[Any]) -> list[list[Any]]:
    return [[], [None], [values[0]], list(values), [None, *values[-2:], None]]


TYPES: Mapping[str, tuple[DataType, Sequence[Any]]] = {
    **_SCALAR_TYPES,
    **{
        f"list_{name}": (_type(Kind.ARRAY, element=type_), _lists_of(values))
        for name, (type_, values) in _SCALAR_TYPES.items()
        if type_.kind is not Kind.SET
    },
}
"""The type of each column, and the values that its rows repeat in turn."""

ROWS = 67


def table(names: Sequence[str] = tuple(TYPES)) -> Table:
    """Return a table with a key and the named columns, which are nullable."""
    columns = [Column(name=name, type=TYPES[name][0], nullable=True, generator=Null()) for name in names]
    key = Column(name="id", type=_type(Kind.INT64), generator=Null())
    return Table(name="sample", primary_key="id", columns=(key, *columns))


def batch(of: Table, nulls: bool, without_nul: bool = True) -> pa.RecordBatch:
    """Return rows that repeat the values of each column; with `nulls`, every fifth row of a column is NULL."""
    columns: dict[str, list[Any]] = {"id": list(range(ROWS))}
    for place, column in enumerate(of.columns[1:]):
        values = [*TYPES[column.name][1]]
        if not without_nul and column.type.kind is Kind.TEXT:
            values.append(NUL)
        columns[column.name] = [
            None if nulls and (row + place) % 5 == 0 else values[row % len(values)] for row in range(ROWS)
        ]
    return batch_of(of, columns)


def batch_of(of: Table, columns: Mapping[str, Sequence[Any]]) -> pa.RecordBatch:
    """Return a batch of these values."""
    return pa.RecordBatch.from_pydict(dict(columns), schema=arrow_schema(of))


def rows_of(of: Table, batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Return the Arrow values as Python objects, the expected values of a test."""
    kinds = {column.name: column.type for column in of.columns}
    return [{name: plain(value, kinds[name]) for name, value in row.items()} for row in batch.to_pylist()]


def plain(value: Any, type_: DataType) -> Any:
    """Return a value in a comparable form: parsed uuids and JSON, points as pairs."""
    if value is None:
        return None
    if type_.kind is Kind.UUID:
        return uuid.UUID(bytes=value)
    if type_.kind in (Kind.JSON, Kind.JSONB):
        return json.loads(value)
    if type_.kind is Kind.POINT:
        return (value["x"], value["y"])
    if type_.kind is Kind.ARRAY and type_.element is not None:
        return [plain(element, type_.element) for element in value]
    return value
