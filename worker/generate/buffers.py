"""Arrow arrays straight from NumPy memory, without a copy."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def fixed_width(type_: pa.DataType, values: NDArray[Any]) -> pa.Array:
    """An array of a fixed-width type whose cells are the rows of `values`, bit for bit."""
    return pa.Array.from_buffers(type_, len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])


def text(lengths: NDArray[np.int32], data: NDArray[np.uint8], type_: pa.DataType | None = None) -> pa.Array:
    """An array of texts (or of `type_`) of these lengths in bytes, whose bytes lie in `data` one after the other."""
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return pa.Array.from_buffers(type_ or pa.string(), len(lengths), [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def equal_texts(characters: NDArray[np.uint8], type_: pa.DataType | None = None) -> pa.Array:
    """An array of texts (or of `type_`) that all have the same length: the rows of a matrix of bytes."""
    count, length = characters.shape
    return text(np.full(count, length, np.int32), np.ascontiguousarray(characters).reshape(-1), type_)


def with_nulls(array: pa.Array, valid: NDArray[np.bool_]) -> pa.Array:
    """The same array, NULL where `valid` is false; the array has no NULLs of its own and no children."""
    bitmap = pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.Array.from_buffers(array.type, len(array), [bitmap, *array.buffers()[1:]])
