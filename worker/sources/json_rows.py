"""Rows of JSON, in JSON Lines files and Kafka's messages: the JSON type of every kind of column, and the rows as text.

A value of the wrong type, such as a number in quotes, becomes a text that is not valid for the column's type.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa

from core.schema.model import Column, Table
from core.schema.types import Kind
from worker.sources.column_types import StoreType, named
from worker.sources.csv_text import ABSENT
from worker.sources.text_columns import batch_of, document_text

_MISSING = object()
_DECODER = json.JSONDecoder(parse_float=Decimal)


def columns_of_lines(lines: Iterable[bytes], table: Table) -> pa.RecordBatch:
    """Return one row per line. A line that is not a JSON object becomes a row with the line as its key and nothing else."""
    rows = [_object(line, table.primary_key) for line in lines]
    return batch_of(rows, [_json_cells(rows, column) for column in table.columns], table)


def json_of(value: Any) -> str:
    """Return JSON that keeps every digit of a number."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, list):
        return "[" + ",".join(map(json_of, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{json_of(item)}" for key, item in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


class _Unreadable(str):
    """A line that is not a JSON object."""

    __slots__ = ()


def _object(line: bytes, key: str) -> dict[str, Any]:
    try:
        document = _DECODER.decode(line.decode())
    except ValueError:
        document = None
    if isinstance(document, dict):
        return document
    return {key: _Unreadable(line.decode(errors="backslashreplace").rstrip("\n"))}


def _json_cells(rows: Sequence[Mapping[str, Any]], column: Column) -> list[str | None]:
    type_, name = JSON_TYPES[column.type.kind], column.name
    return [None if (value := row.get(name, _MISSING)) is None else _json_cell(value, type_) for row in rows]


def _json_cell(value: Any, type_: "JsonType") -> str:
    if value is _MISSING:
        return ABSENT
    if type(value) is _Unreadable:
        return f"not a JSON object: {value}"
    return type_.text(value) if type_.fits(value) else f"{json_of(value)} (as {type(value).__name__})"


def _point_of_numbers(value: Any) -> str:
    match value:
        case {"type": "Point", "coordinates": [int() | Decimal() as x, int() | Decimal() as y]} if len(value) == 2:
            return f"POINT ({x} {y})"
        case _:
            return json_of(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonType(StoreType):
    """A kind of column in JSON."""

    fits: Callable[[Any], bool]
    """Whether a decoded value has the JSON type of the kind."""
    text: Callable[[Any], str]
    """The text of a value that fits."""


def _any(_: object) -> bool:
    return True


_STRING = JsonType(name=named("string"), fits=lambda value: type(value) is str, text=str)
_NUMBER = JsonType(name=named("number"), fits=lambda value: type(value) is int or type(value) is Decimal, text=str)
_DOCUMENT = JsonType(name=named("the value itself"), fits=_any, text=document_text)
_LIST = JsonType(name=named("array"), fits=_any, text=json_of)

JSON_TYPES: Mapping[Kind, JsonType] = {
    Kind.BOOL: JsonType(
        name=named("boolean"),
        fits=lambda value: isinstance(value, bool),
        text=lambda value: "true" if value else "false",
    ),
    Kind.INT8: _NUMBER,
    Kind.INT16: _NUMBER,
    Kind.INT32: _NUMBER,
    Kind.INT64: _NUMBER,
    Kind.FLOAT32: _NUMBER,
    Kind.FLOAT64: _NUMBER,
    Kind.DECIMAL: _NUMBER,
    Kind.CHAR: _STRING,
    Kind.VARCHAR: _STRING,
    Kind.TEXT: _STRING,
    Kind.BLOB: _STRING,
    Kind.BYTES: _STRING,
    Kind.DATE: _STRING,
    Kind.TIME: _STRING,
    Kind.DATETIME: _STRING,
    Kind.TIMESTAMP: _STRING,
    Kind.TIMESTAMP_TZ: _STRING,
    Kind.JSON: _DOCUMENT,
    Kind.JSONB: _DOCUMENT,
    Kind.UUID: _STRING,
    Kind.ULID: _STRING,
    Kind.ARRAY: _LIST,
    Kind.ENUM: _STRING,
    Kind.SET: _LIST,
    Kind.DURATION: _STRING,
    Kind.POINT: JsonType(name=named("GeoJSON point"), fits=_any, text=_point_of_numbers),
}
