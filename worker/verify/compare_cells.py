"""Find the cells that differ from the generated ones."""

import json
from decimal import Decimal
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.schema.model import Column
from core.schema.types import DOCUMENTS, FLOATS, LISTS, DataType, Kind
from core.text import abbreviated
from worker.encode import by_row, json_text
from worker.encode.columns import join, keep_nulls, numbers
from worker.encode.json_text import element_of
from worker.verify.parse_cells import NESTED, Mask, mask, parse_texts

_REMEMBERED = 4096
"""Distinct texts whose values are cached. Generated documents often come from a short list."""
_NONE = object()
_SHOWN = 200
"""The characters of a cell in a reported difference."""


def as_text(column: pa.Array, type_: DataType) -> pa.Array:
    """Return a column of lists or documents as JSON text, with the same nulls."""
    if pa.types.is_string(column.type):
        return column
    written = join(keep_nulls(json_text.WRITERS[type_.kind](column, type_), column), len(column))
    return pa.array([None if missing else value for value, missing in _pairs(written, column)], pa.string())


def _pairs(written: pa.Array, column: pa.Array) -> list[tuple[str, bool]]:
    texts = written.cast(pa.string()).to_pylist()
    return list(zip(texts, column.is_null().to_pylist(), strict=True))


def equal_json(found: str, expected: str, type_: DataType) -> bool:
    """Return whether two JSON texts have equal values, in any spelling. Invalid JSON equals nothing."""
    wanted = _value(expected, type_)
    value = _value(found, type_)
    return value is not _NONE and (value == wanted or (type_.kind in DOCUMENTS and _equal_documents(value, wanted)))


def _equal_documents(found: object, expected: object) -> bool:
    """Return whether two documents are equal. A server may return the double 1e20 as an integer, which is equal."""
    match found, expected:
        case int(), float():
            try:
                return float(found) == expected
            except OverflowError:
                return False
        case list(), list():
            return len(found) == len(expected) and all(map(_equal_documents, found, expected))
        case dict(), dict():
            return found.keys() == expected.keys() and all(
                _equal_documents(found[key], expected[key]) for key in expected
            )
        case _:
            return found == expected


@lru_cache(_REMEMBERED)
def _value(of: str, type_: DataType) -> object:
    documents = type_.kind in DOCUMENTS
    try:
        # An integer `-0` would lose its sign.
        value = json.loads(of) if documents else json.loads(of, parse_float=Decimal, parse_int=Decimal)
    except ValueError:
        return _NONE
    if documents:
        return _typed(value)
    if not isinstance(value, list):
        return _NONE
    items = [_element(item, element_of(type_)) for item in value]
    if _NONE in items:
        return _NONE
    return frozenset(map(str, items)) if type_.kind is Kind.SET else items


def _element(item: Any, type_: DataType) -> object:
    """Return an element as a value of its type, by the same parser as for a whole column."""
    if item is None:
        return None
    if type_.kind in DOCUMENTS:
        return _value(json.dumps(item, default=float), type_)
    if isinstance(item, bool):
        return item if type_.kind is Kind.BOOL else _NONE
    if type_.kind is Kind.POINT and isinstance(item, dict):
        item = "({},{})".format(*item.get("coordinates", ("", "")))
    if type_.kind is Kind.DECIMAL and isinstance(item, Decimal):
        # Not as a decimal of the column: a source that stores doubles may have one just beyond the range of the type.
        return (type_.kind.value, item)
    read = parse_texts(pa.array([str(item)], pa.string()), type_)
    return _NONE if read.unreadable[0] else (type_.kind.value, str(read.values[0].as_py()))


def _typed(value: Any) -> object:
    """Return the value with booleans marked, because `True == 1` in Python and not in JSON."""
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, list):
        return [_typed(item) for item in value]
    if isinstance(value, dict):
        return {key: _typed(item) for key, item in value.items()}
    return value


def differing(found: pa.Array, expected: pa.Array, type_: DataType) -> Mask:
    """Return where two columns differ, shape (rows,); `found` has the generator's Arrow type, or is text."""
    absent = mask(found.is_null()), mask(expected.is_null())
    any_absent = absent[0] | absent[1]
    if type_.kind in NESTED:
        return np.asarray((absent[0] != absent[1]) | (~any_absent & _unequal_nested(found, expected, type_)), np.bool_)
    unreadable = np.zeros(len(found), np.bool_)
    if found.type != expected.type:
        found, unreadable = parse_texts(found.cast(pa.string()), type_)
    return np.asarray(
        (absent[0] != absent[1]) | unreadable | (~any_absent & _unequal(found, expected, type_)), np.bool_
    )


def shown(cell: pa.Scalar, column: Column) -> str | None:
    """Return a cell as readable text, None for NULL."""
    value = cell.as_py()
    if value is None:
        return None
    written = value if isinstance(value, str) else _cell_text(value, column.type)
    return abbreviated(written, _SHOWN)


def _cell_text(value: object, type_: DataType) -> str:
    if type_.kind in LISTS | {Kind.POINT}:
        return by_row.json_value(value, type_)
    return by_row.plain_text(value, type_)


def _unequal(found: pa.Array, expected: pa.Array, type_: DataType) -> Mask:
    """Return where values differ; floats are compared bit by bit, because zero has two signs."""
    if type_.kind is Kind.POINT:
        axes = [(found.field(axis), expected.field(axis)) for axis in (0, 1)]
        return np.asarray(np.logical_or(*(numbers(a, "<u8") != numbers(b, "<u8") for a, b in axes)), np.bool_)
    if type_.kind in FLOATS:
        width = "<u4" if type_.kind is Kind.FLOAT32 else "<u8"
        return np.asarray(numbers(found, width) != numbers(expected, width), np.bool_)
    return mask(pc.not_equal(found, expected).fill_null(False))


def _unequal_nested(found: pa.Array, expected: pa.Array, type_: DataType) -> Mask:
    """Return where values differ: compare their texts first, and parse those that differ."""
    texts = as_text(found, type_), as_text(expected, type_)
    unequal = mask(pc.not_equal(*texts).fill_null(False))
    for row in np.flatnonzero(unequal):
        place = int(row)
        unequal[place] = not equal_json(texts[0][place].as_py(), texts[1][place].as_py(), type_)
    return unequal
