"""JSON objects, one a row, as columns of text: what JSON lines and Kafka's messages are read back with.

A value of another JSON type than the column's (a number in quotes, say) becomes a text that no value of the type has.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from spec.schema import Table
from spec.types import Kind
from spec.values import canonical_json
from worker.encode import text
from worker.sources.csv_text import ABSENT

_NUMBERS = (*text.INTEGERS, *text.FLOATS, Kind.DECIMAL)
_ABSENT = object()


def texts_of(lines: Iterable[bytes], table: Table) -> pa.RecordBatch:
    """One row a line; a line that is no object has itself for a key and nothing else."""
    names = [column.name for column in table.columns]
    kinds = {column.name: column.type.kind for column in table.columns}
    rows = [_row(line, kinds, table.primary_key) for line in lines]
    columns = [pa.array([row[place] for row in rows], pa.string()) for place in range(len(names))]
    return pa.RecordBatch.from_arrays(columns, names=names)


def _row(line: bytes, kinds: Mapping[str, Kind], key: str) -> Sequence[str | None]:
    shown = line.decode(errors="backslashreplace").rstrip("\n")
    try:
        document = json.loads(line, parse_float=Decimal)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        return [f"no JSON object: {shown}" if name == key else ABSENT for name in kinds]
    cells = [_cell(document.pop(name, _ABSENT), kind) for name, kind in kinds.items()]
    if document:
        cells[-1] = f"{cells[-1]} beside {', '.join(map(repr, document))}"
    return cells


def _cell(value: Any, kind: Kind) -> str | None:
    if value is None:
        return None
    if value is _ABSENT:
        return ABSENT
    if kind in text.DOCUMENTS:
        return canonical_json(_with_floats(value))
    if kind is Kind.POINT:
        return _point(value)
    if kind in (Kind.ARRAY, Kind.SET):
        return json_of(value)
    fits, written = _SCALARS.get(kind, _STRING)
    return written(value) if fits(value) else f"{json_of(value)} (as {type(value).__name__})"


def json_of(value: Any) -> str:
    """JSON with every digit of a number as it was."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, list):
        return "[" + ",".join(map(json_of, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{json_of(item)}" for key, item in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def _with_floats(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list):
        return [_with_floats(item) for item in value]
    if isinstance(value, dict):
        return {key: _with_floats(item) for key, item in value.items()}
    return value


def _point(value: Any) -> str:
    match value:
        case {"type": "Point", "coordinates": [int() | Decimal() as x, int() | Decimal() as y]} if len(value) == 2:
            return f"POINT ({x} {y})"
        case _:
            return json_of(value)


_Scalar = tuple[Callable[[Any], bool], Callable[[Any], str]]
_STRING: _Scalar = (lambda value: isinstance(value, str), str)
_NUMBER: _Scalar = (lambda value: isinstance(value, int | Decimal) and not isinstance(value, bool), str)
_SCALARS: Mapping[Kind, _Scalar] = {
    Kind.BOOL: (lambda value: isinstance(value, bool), lambda value: "true" if value else "false"),
    **dict.fromkeys(_NUMBERS, _NUMBER),
}
