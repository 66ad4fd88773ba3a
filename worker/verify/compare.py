"""Which cells of a column are not what they should be."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.schema.model import Column
from core.schema.types import FLOATS, DataType, Kind
from worker.encode import scalars
from worker.encode.columns import numbers
from worker.verify import documents
from worker.verify.parse_cells import NESTED, Mask, read_texts

_SHOWN = 200
"""Characters of a cell that a difference shows."""


def differing(found: pa.Array, expected: pa.Array, type_: DataType) -> Mask:
    """Where two columns differ, shape (rows,); `found` is of the generator's Arrow type or text in its spelling."""
    absent = _mask(found.is_null()), _mask(expected.is_null())
    either = absent[0] | absent[1]
    if type_.kind in NESTED:
        return np.asarray((absent[0] != absent[1]) | (~either & _nested(found, expected, type_)), np.bool_)
    unreadable = np.zeros(len(found), np.bool_)
    if found.type != expected.type:
        found, unreadable = read_texts(found.cast(pa.string()), type_)
    return np.asarray((absent[0] != absent[1]) | unreadable | (~either & _unequal(found, expected, type_)), np.bool_)


def shown(cell: pa.Scalar, column: Column) -> str | None:
    """A cell for a person to read, None for NULL."""
    value = cell.as_py()
    if value is None:
        return None
    written = value if isinstance(value, str) else _plain(value, column.type)
    return written if len(written) <= _SHOWN else written[: _SHOWN - 3] + "..."


def _plain(value: object, type_: DataType) -> str:
    if type_.kind in (Kind.ARRAY, Kind.SET, Kind.POINT):
        return scalars.json_value(value, type_)
    return scalars.plain_text(value, type_)


def _unequal(found: pa.Array, expected: pa.Array, type_: DataType) -> Mask:
    """Bit by bit where numbers are floating: zero has two signs."""
    if type_.kind is Kind.POINT:
        axes = [(found.field(axis), expected.field(axis)) for axis in (0, 1)]
        return np.asarray(np.logical_or(*(numbers(a, "<u8") != numbers(b, "<u8") for a, b in axes)), np.bool_)
    if type_.kind in FLOATS:
        width = "<u4" if type_.kind is Kind.FLOAT32 else "<u8"
        return np.asarray(numbers(found, width) != numbers(expected, width), np.bool_)
    return _mask(pc.not_equal(found, expected).fill_null(False))


def _nested(found: pa.Array, expected: pa.Array, type_: DataType) -> Mask:
    """By their texts, and where those differ by what they hold."""
    texts = documents.as_text(found, type_), documents.as_text(expected, type_)
    unequal = _mask(pc.not_equal(*texts).fill_null(False))
    for row in np.flatnonzero(unequal):
        place = int(row)
        unequal[place] = not documents.same(texts[0][place].as_py(), texts[1][place].as_py(), type_)
    return unequal


def _mask(truths: pa.Array) -> Mask:
    return np.array(truths.to_numpy(zero_copy_only=False), np.bool_)
