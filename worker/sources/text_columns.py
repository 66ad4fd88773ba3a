"""Rows as columns of text in the spelling of `worker.encode.text`, from the Python objects of a driver.

A value of the wrong type becomes a text that is not valid for the column's type.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa

from core.schema.model import Table
from core.schema.types import BINARIES, DOCUMENTS, FLOATS, INTEGERS, LISTS, STRINGS, TIMESTAMPS, DataType, Kind
from core.schema.values import canonical_json
from worker.encode import by_row
from worker.encode.json_text import element_of
from worker.sources.csv_text import ABSENT

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
    **dict.fromkeys(LISTS, list),
    **dict.fromkeys((*DOCUMENTS, Kind.POINT), object),
}
"""The Python classes of a driver's values, for every kind."""


def columns_of_objects(rows: Sequence[Mapping[str, Any]], table: Table) -> pa.RecordBatch:
    """Return one row per mapping of a driver's values by column name."""
    columns = [
        [cell_of(row[column.name], column.type) if column.name in row else ABSENT for row in rows]
        for column in table.columns
    ]
    return batch_of(rows, columns, table)


def batch_of(rows: Sequence[Mapping[str, Any]], columns: Sequence[list[str | None]], table: Table) -> pa.RecordBatch:
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
    if kind in LISTS:
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


def _with_floats(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list):
        return [_with_floats(item) for item in value]
    if isinstance(value, dict):
        return {key: _with_floats(item) for key, item in value.items()}
    return value
