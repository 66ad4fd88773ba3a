"""Column types as a store has them, and the losses that several stores share.

Each store's `types.py` has `TYPES`, with one entry for every `Kind` (tests/worker/sources/test_types.py).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from core.schema.types import DataType, Kind
from core.schema.values import canonical_json
from worker.encode.json_text import element_of

Stored = Callable[[pa.Array, DataType], pa.Array]


def unchanged(values: pa.Array, _: DataType) -> pa.Array:
    """Return the values themselves: nothing is lost."""
    return values


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreType:
    """A store's type for one kind of column. A store may have a subclass that adds how its cells are written and read."""

    name: Callable[[DataType], str]
    """The store's own name of the type: its DDL if it has one, else what its documentation calls it."""
    stored: Stored = unchanged
    """What the store returns for generated values."""


def named(name: str) -> Callable[[DataType], str]:
    """Return a constant function, for the name of a type without parameters."""
    return lambda _: name


def milliseconds(values: pa.Array, _: DataType) -> pa.Array:
    """Return timestamps rounded down to milliseconds."""
    return pc.floor_temporal(values, unit="millisecond").cast(values.type)


def unpadded(values: pa.Array, _: DataType) -> pa.Array:
    """Return texts without trailing spaces, which cannot be distinguished from padding."""
    return pc.utf8_rtrim(values, " ")


def large_numbers_as_doubles(exact: range) -> Stored:
    """Return a loss for JSON: whole numbers outside `exact` become doubles."""

    def whole(digits: str) -> int | float:
        number = int(digits)
        return number if number in exact else float(number)

    def lose(texts: pa.Array, _: DataType) -> pa.Array:
        distinct = texts.dictionary_encode()
        kept = [canonical_json(json.loads(each, parse_int=whole)) for each in distinct.dictionary.to_pylist()]
        return pa.array(kept, pa.string()).take(distinct.indices)

    return lose


def decimals_as_doubles(values: pa.Array, type_: DataType) -> pa.Array:
    """Return lists of decimals as JSON with the digits of doubles; other lists unchanged."""
    if element_of(type_).kind is not Kind.DECIMAL:
        return values
    return pa.array(
        [None if cells is None else json.dumps([_float(cell) for cell in cells]) for cells in values.to_pylist()]
    )


def stored_elements(values: pa.Array, type_: DataType, types: Mapping[Kind, StoreType]) -> pa.Array:
    """Return lists with the losses of their elements."""
    element = element_of(type_)
    stored = types[element.kind].stored
    if stored is unchanged:
        return values
    lists = [
        None if cells is None else stored(pa.array(cells, values.type.value_type), element).to_pylist()
        for cells in values.to_pylist()
    ]
    return pa.array(lists, values.type)


def _float(cell: Any) -> float | None:
    return None if cell is None else float(cell)
