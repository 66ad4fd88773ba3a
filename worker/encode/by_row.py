"""CSV and JSON lines one row at a time, for `method: insert`; the same bytes as from the columnar encoders."""

import base64
import json
import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from core.schema.model import Table
from core.schema.types import BINARIES, DOCUMENTS, INTEGERS, LISTS, STRINGS, DataType, Kind
from worker.encode.json_text import QUOTED, element_of
from worker.encode.rows import Rows

Writer = Callable[[Any, DataType], str]


def json_value(value: Any, type_: DataType) -> str:
    """Return a value of Arrow's `as_py` as JSON."""
    if value is None:
        return "null"
    kind = type_.kind
    if kind in LISTS:
        return "[" + ",".join(json_value(item, element_of(type_)) for item in value) + "]"
    if kind is Kind.POINT:
        return f'{{"type":"Point","coordinates":[{_float(value["x"])},{_float(value["y"])}]}}'
    written = _WRITERS[kind](value, type_)
    return f'"{written}"' if kind in QUOTED else written


def csv_value(value: Any, type_: DataType) -> str:
    """Return a value as a field of CSV, quoted if needed. NULL is empty; the empty string is `""`."""
    if value is None:
        return ""
    kind = type_.kind
    if kind is Kind.POINT:
        return f"POINT ({_float(value['x'])} {_float(value['y'])})"
    if kind in STRINGS:
        written = str(value)
    elif kind in LISTS:
        written = json_value(value, type_)
    else:
        written = _WRITERS[kind](value, type_)
    return quoted(written)


def quoted(field: str) -> str:
    """Return a field of CSV, in quotes if it needs them."""
    if field and not any(special in field for special in '",\r\n'):
        return field
    return '"' + field.replace('"', '""') + '"'


def plain_text(value: Any, type_: DataType) -> str:
    """Return the text of a value without quotes, in the format of `worker.encode.text`."""
    return str(value) if type_.kind in STRINGS else _WRITERS[type_.kind](value, type_)


def microseconds(value: timedelta) -> int:
    """Return a duration in microseconds."""
    return value // timedelta(microseconds=1)


def _float(value: float) -> str:
    """Return the shortest digits. Only exponents differ from the columnar encoder's: Python's have a sign and two digits."""
    return repr(value)


def _single(value: float) -> str:
    return str(np.float32(value))


def _instant(value: datetime) -> str:
    return value.replace(tzinfo=None).isoformat("T", "microseconds")


def _duration(value: timedelta) -> str:
    size = abs(microseconds(value))
    return f"{'-' if value < timedelta(0) else ''}PT{size // 10**6}.{size % 10**6:06d}S"


def _string(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _decimal(value: Decimal) -> str:
    return format(value, "f")


def _bytes(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _date(value: date) -> str:
    return value.isoformat()


def _time(value: time) -> str:
    return value.isoformat("microseconds")


_WRITERS: Mapping[Kind, Writer] = {
    Kind.BOOL: lambda value, _: "true" if value else "false",
    **dict.fromkeys(INTEGERS, lambda value, _: str(value)),
    Kind.FLOAT32: lambda value, _: _single(value),
    Kind.FLOAT64: lambda value, _: _float(value),
    Kind.DECIMAL: lambda value, _: _decimal(value),
    **dict.fromkeys(STRINGS, lambda value, _: _string(value)),
    **dict.fromkeys(DOCUMENTS, lambda value, _: str(value)),
    **dict.fromkeys(BINARIES, lambda value, _: _bytes(value)),
    Kind.DATE: lambda value, _: _date(value),
    Kind.TIME: lambda value, _: _time(value),
    Kind.DATETIME: lambda value, _: _instant(value),
    **dict.fromkeys((Kind.TIMESTAMP, Kind.TIMESTAMP_TZ), lambda value, _: _instant(value) + "Z"),
    Kind.UUID: lambda value, _: str(uuid.UUID(bytes=value)),
    Kind.DURATION: lambda value, _: _duration(value),
}


class CsvByRow:
    """Encode the rows of a table as CSV lines; `header` is the line before them."""

    def __init__(self, table: Table) -> None:
        self._types = [column.type for column in table.columns]
        self.header = (",".join(quoted(column.name) for column in table.columns) + "\n").encode()

    def encode(self, batch: Any) -> Rows:
        """Return the rows of an Arrow record batch that has the table's columns in their order."""
        return Rows.joined([self._row(row) for row in _objects(batch)])

    def _row(self, row: tuple[Any, ...]) -> bytes:
        return (",".join(map(csv_value, row, self._types)) + "\n").encode()


class NdjsonByRow:
    """Encode the rows of a table as JSON objects, one per line."""

    header = b""

    def __init__(self, table: Table) -> None:
        self._columns = [(json.dumps(column.name, ensure_ascii=False) + ":", column.type) for column in table.columns]

    def encode(self, batch: Any) -> Rows:
        """Return the rows of an Arrow record batch that has the table's columns in their order."""
        return Rows.joined([self._row(row) for row in _objects(batch)])

    def _row(self, row: tuple[Any, ...]) -> bytes:
        cells = (key + json_value(value, type_) for (key, type_), value in zip(self._columns, row, strict=True))
        return ("{" + ",".join(cells) + "}\n").encode()


def _objects(batch: Any) -> Any:
    return zip(*(column.to_pylist() for column in batch.columns), strict=True)
