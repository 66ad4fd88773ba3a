"""Rows as columns of text in the spelling of `worker.encode.text`, from JSON lines and from a driver's Python objects.

A value of the wrong type, such as a number in quotes, becomes a text that is not valid for the column's type.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa

from core.schema.model import Column, Table
from core.schema.types import BINARIES, DOCUMENTS, FLOATS, INTEGERS, STRINGS, TIMESTAMPS, DataType, Kind
from core.schema.values import canonical_json
from worker.encode import by_row
from worker.encode.json_text import element_of
from worker.sources.column_types import StoreType, named
from worker.sources.csv_text import ABSENT

_MISSING = object()
_DECODER = json.JSONDecoder(parse_float=Decimal)
_BARE = (Kind.BOOL, *INTEGERS, *FLOATS, Kind.DECIMAL)
"""Kinds whose text is a JSON value without quotes."""
DRIVER_CLASSES: Mapping[Kind, Any] = {
    Kind.BOOL: bool,
    **dict.fromkeys((*INTEGERS, Kind.DURATION), int),
    **dict.fromkeys(FLOATS, float),
    Kind.DECIMAL: (Decimal, str),
    **dict.fromkeys((*STRINGS, Kind.TIME), str),
    **dict.fromkeys(BINARIES, bytes),
    Kind.UUID: UUID,
    Kind.DATE: date,
    **dict.fromkeys(TIMESTAMPS, datetime),
    **dict.fromkeys((Kind.ARRAY, Kind.SET), list),
    **dict.fromkeys((*DOCUMENTS, Kind.POINT), object),
}
"""The Python classes of a driver's values, for every kind."""


def columns_of_lines(lines: Iterable[bytes], table: Table) -> pa.RecordBatch:
    """Return one row per line. A line that is not a JSON object becomes a row with the line as its key and nothing else."""
    rows = [_object(line, table.primary_key) for line in lines]
    return _batch(rows, [_json_cells(rows, column) for column in table.columns], table)


def columns_of_objects(rows: Sequence[Mapping[str, Any]], table: Table) -> pa.RecordBatch:
    """Return one row per mapping of a driver's values by column name."""
    columns = [
        [cell_of(row[column.name], column.type) if column.name in row else ABSENT for row in rows]
        for column in table.columns
    ]
    return _batch(rows, columns, table)


def _batch(rows: Sequence[Mapping[str, Any]], columns: Sequence[list[str | None]], table: Table) -> pa.RecordBatch:
    """Return the batch. If a row has names that are not columns, its last cell shows them."""
    names = [column.name for column in table.columns]
    known = frozenset(names)
    for place, row in enumerate(rows):
        if row.keys() != known and (surplus := sorted(row.keys() - known)):
            columns[-1][place] = f"{columns[-1][place]} with extra {', '.join(surplus)}"
    return pa.RecordBatch.from_arrays([strings(cells) for cells in columns], names=names)


def strings(cells: Sequence[str | None]) -> pa.Array:
    """Return texts as a column; an unpaired surrogate, which JSON can express but UTF-8 cannot, becomes its escape."""
    try:
        return pa.array(cells, pa.string())
    except UnicodeEncodeError:
        shown = [None if cell is None else cell.encode(errors="backslashreplace").decode() for cell in cells]
        return pa.array(shown, pa.string())


def document_text(value: Any) -> str:
    """Return a document in the generator's spelling; a value that JSON cannot hold (a BSON date, NaN) as Python shows it."""
    try:
        return canonical_json(_with_floats(value))
    except ValueError:
        return f"not JSON: {value!r}"


def json_of(value: Any) -> str:
    """Return JSON that keeps every digit of a number."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, list):
        return "[" + ",".join(map(json_of, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{json_of(item)}" for key, item in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def cell_of(value: Any, type_: DataType) -> str | None:
    """Return the text of a driver's value; a value of another class gets a text that is not valid for the type."""
    if value is None:
        return None
    kind = type_.kind
    if kind in DOCUMENTS:
        return document_text(value)
    if kind is Kind.POINT:
        return _point_of_floats(value)
    if not isinstance(value, DRIVER_CLASSES[kind]) or (isinstance(value, bool) and kind is not Kind.BOOL):
        return f"{value} (as {type(value).__name__})"
    if kind in (Kind.ARRAY, Kind.SET):
        return "[" + ",".join(_element(item, element_of(type_)) for item in value) + "]"
    return _spelled(value, kind, type_)


def _spelled(value: Any, kind: Kind, type_: DataType) -> str:
    if kind is Kind.DURATION:
        try:
            return by_row.plain_text(timedelta(microseconds=value), type_)
        except OverflowError:
            return f"{value} microseconds"
    if kind is Kind.DATE and isinstance(value, datetime):
        whole = value == datetime(value.year, value.month, value.day, tzinfo=value.tzinfo)
        return value.date().isoformat() if whole else value.isoformat()
    if kind in BINARIES or kind in TIMESTAMPS:
        return by_row.plain_text(value, type_)
    if kind is Kind.BOOL:
        return "true" if value else "false"
    return repr(value) if kind in FLOATS else str(value)


def _element(item: Any, type_: DataType) -> str:
    cell = cell_of(item, type_)
    if cell is None:
        return "null"
    return cell if type_.kind in _BARE or type_.kind in DOCUMENTS else json.dumps(cell, ensure_ascii=False)


def _point_of_floats(value: Any) -> str:
    match value:
        case {"type": "Point", "coordinates": [float() as x, float() as y]} if len(value) == 2:
            return f"POINT ({x!r} {y!r})"
        case _:
            return str(value)


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


def _with_floats(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list):
        return [_with_floats(item) for item in value]
    if isinstance(value, dict):
        return {key: _with_floats(item) for key, item in value.items()}
    return value


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
"""JSON Lines files and Kafka's messages have these types."""
