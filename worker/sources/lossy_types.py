"""The losses that several sources share: what becomes of a generated value where the source holds less."""

import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from core.schema.values import canonical_json

Loss = Callable[[pa.Array], pa.Array]


def milliseconds(values: pa.Array) -> pa.Array:
    """Timestamps without what is finer than a millisecond, cut off towards the past."""
    return pc.floor_temporal(values, unit="millisecond").cast(values.type)


def unpadded(values: pa.Array) -> pa.Array:
    """Texts without the spaces at their end, which padding cannot be told from."""
    return pc.utf8_rtrim(values, " ")


def large_numbers(low: int, high: int) -> Loss:
    """JSON whose whole numbers are doubles below `low` and above `high`."""

    def whole(digits: str) -> int | float:
        number = int(digits)
        return number if low <= number <= high else float(number)

    def lose(texts: pa.Array) -> pa.Array:
        distinct = texts.dictionary_encode()
        kept = [canonical_json(json.loads(each, parse_int=whole)) for each in distinct.dictionary.to_pylist()]
        return pa.array(kept, pa.string()).take(distinct.indices)

    return lose


def doubles(values: pa.Array) -> pa.Array:
    """Lists of decimals as JSON with the digits that a double has."""
    return pa.array(
        [None if cells is None else json.dumps([_float(cell) for cell in cells]) for cells in values.to_pylist()]
    )


def elements(values: pa.Array, loss: Loss) -> pa.Array:
    """Lists with the loss of their elements."""
    lost = [
        None if cells is None else loss(pa.array(cells, values.type.value_type)).to_pylist()
        for cells in values.to_pylist()
    ]
    return pa.array(lost, values.type)


def _float(cell: Any) -> float | None:
    return None if cell is None else float(cell)
