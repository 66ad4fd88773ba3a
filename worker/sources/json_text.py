"""JSON objects, one a row, as columns of text: what JSON lines and Kafka's messages are read back with.

A value of another JSON type than the column's (a number in quotes, say) becomes a text that no value of the type has.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from core.schema.model import Column, Table
from core.schema.types import DOCUMENTS, FLOATS, INTEGERS, Kind
from core.schema.values import canonical_json
from worker.sources.csv.text import ABSENT

_NUMBERS = (*INTEGERS, *FLOATS, Kind.DECIMAL)
_ABSENT = object()
_DECODER = json.JSONDecoder(parse_float=Decimal)


def texts_of(lines: Iterable[bytes], table: Table) -> pa.RecordBatch:
    """One row a line; a line that is no object has itself for a key and nothing else."""
    names = [column.name for column in table.columns]
    known = frozenset(names)
    rows = [_object(line, table.primary_key) for line in lines]
    columns = [_cells(rows, column) for column in table.columns]
    for place, row in enumerate(rows):
        if row.keys() != known and (surplus := sorted(row.keys() - known)):
            columns[-1][place] = f"{columns[-1][place]} beside {', '.join(surplus)}"
    return pa.RecordBatch.from_arrays([strings(cells) for cells in columns], names=names)


def _object(line: bytes, key: str) -> dict[str, Any]:
    try:
        document = _DECODER.decode(line.decode())
    except ValueError:
        document = None
    if isinstance(document, dict):
        return document
    return {key: _Unreadable(line.decode(errors="backslashreplace").rstrip("\n"))}


class _Unreadable(str):
    """A line that is no object."""

    __slots__ = ()


def _cells(rows: Sequence[Mapping[str, Any]], column: Column) -> list[str | None]:
    written, name = _writer(column.type.kind), column.name
    return [None if (value := row.get(name, _ABSENT)) is None else written(value) for row in rows]


def _writer(kind: Kind) -> Callable[[Any], str]:
    """The text of a value that is not null."""
    fits, spelled = _WRITERS.get(kind, _STRING)

    def write(value: Any) -> str:
        if value is _ABSENT:
            return ABSENT
        if type(value) is _Unreadable:
            return f"no JSON object: {value}"
        return spelled(value) if fits(value) else f"{json_of(value)} (as {type(value).__name__})"

    return write


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


def _any(_: object) -> bool:
    return True


def document_text(value: Any) -> str:
    """A document in the generator's spelling; what JSON cannot hold, a date of BSON or a NaN, as Python shows it."""
    try:
        return canonical_json(_with_floats(value))
    except ValueError:
        return f"no JSON: {value!r}"


def strings(cells: Sequence[str | None]) -> pa.Array:
    """Texts as a column; half a surrogate pair, which JSON can spell and UTF-8 cannot, as its escape."""
    try:
        return pa.array(cells, pa.string())
    except UnicodeEncodeError:
        shown = [None if cell is None else cell.encode(errors="backslashreplace").decode() for cell in cells]
        return pa.array(shown, pa.string())


_Spelling = tuple[Callable[[Any], bool], Callable[[Any], str]]
"""Whether a value is of the JSON type that the kind has, and its text."""
_STRING: _Spelling = (lambda value: type(value) is str, str)
_NUMBER: _Spelling = (lambda value: type(value) is int or type(value) is Decimal, str)
_WRITERS: Mapping[Kind, _Spelling] = {
    Kind.BOOL: (lambda value: isinstance(value, bool), lambda value: "true" if value else "false"),
    **dict.fromkeys(_NUMBERS, _NUMBER),
    **dict.fromkeys(DOCUMENTS, (_any, document_text)),
    **dict.fromkeys((Kind.ARRAY, Kind.SET), (_any, json_of)),
    Kind.POINT: (_any, _point),
}
