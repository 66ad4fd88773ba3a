"""Rows that a driver gives as Python objects, as columns of text in the spelling of `worker.encode.text`."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa

from core.schema.model import Table
from core.schema.types import BINARIES, DOCUMENTS, FLOATS, INTEGERS, STRINGS, TIMESTAMPS, DataType, Kind
from worker.encode import by_row
from worker.encode.json_text import element_of
from worker.sources.csv.text import ABSENT
from worker.sources.json_text import document_text, strings

_BARE = (Kind.BOOL, *INTEGERS, *FLOATS, Kind.DECIMAL)
"""Kinds whose text is a JSON value without quotes."""
_CLASSES: Mapping[Kind, type | tuple[type, ...]] = {
    Kind.BOOL: bool,
    **dict.fromkeys((*INTEGERS, Kind.DURATION), int),
    **dict.fromkeys(FLOATS, float),
    Kind.DECIMAL: (Decimal, str),
    **dict.fromkeys((*STRINGS, Kind.TIME), str),
    **dict.fromkeys(BINARIES, bytes),
    Kind.UUID: UUID,
    Kind.DATE: date,
    **dict.fromkeys(TIMESTAMPS, datetime),
}


def texts_of(rows: Sequence[Mapping[str, Any]], table: Table) -> pa.RecordBatch:
    """One row a mapping; a name that no column has is told of in the row's last cell."""
    names = [column.name for column in table.columns]
    known = frozenset(names)
    columns = []
    for column in table.columns:
        cells = [cell_of(row[column.name], column.type) if column.name in row else ABSENT for row in rows]
        columns.append(cells)
    for place, row in enumerate(rows):
        if len(row) > len(known) and (surplus := sorted(row.keys() - known)):
            columns[-1][place] = f"{columns[-1][place]} beside {', '.join(surplus)}"
    return pa.RecordBatch.from_arrays([strings(cells) for cells in columns], names=names)


def cell_of(value: Any, type_: DataType) -> str | None:
    """A value's text; one of another class than the type's has a text that no value of the type has."""
    if value is None:
        return None
    kind = type_.kind
    if kind in DOCUMENTS:
        return document_text(value)
    if kind in (Kind.ARRAY, Kind.SET) and isinstance(value, list):
        return "[" + ",".join(_element(item, element_of(type_)) for item in value) + "]"
    if kind is Kind.POINT:
        return _point(value)
    if not isinstance(value, _CLASSES[kind]) or (isinstance(value, bool) and kind is not Kind.BOOL):
        return f"{value} (as {type(value).__name__})"
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


def _point(value: Any) -> str:
    match value:
        case {"type": "Point", "coordinates": [float() as x, float() as y]} if len(value) == 2:
            return f"POINT ({x!r} {y!r})"
        case _:
            return str(value)
