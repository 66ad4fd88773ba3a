"""Arrow arrays straight from NumPy memory, without a copy."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.errors import PlanError

_MOST_BYTES = 1 << 31


def fixed_width(type_: pa.DataType, values: NDArray[Any]) -> pa.Array:
    """An array of a fixed-width type whose cells are the items (or lines) of `values`, bit for bit."""
    cells = values.nbytes * 8 // type_.bit_width
    return pa.Array.from_buffers(type_, cells, [None, pa.py_buffer(np.ascontiguousarray(values))])


def text(lengths: NDArray[np.int32], data: NDArray[np.uint8], type_: pa.DataType) -> pa.Array:
    """An array of texts or bytes of these lengths, whose bytes lie in `data` one after the other."""
    _check_size(int(lengths.sum(dtype=np.int64)), len(lengths))
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return pa.Array.from_buffers(type_, len(lengths), [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def equal_texts(characters: NDArray[np.uint8], type_: pa.DataType | None = None) -> pa.Array:
    """An array of texts (or of `type_`) that all have the same length: the lines of a matrix of bytes."""
    count, length = characters.shape
    _check_size(count * length, count)
    offsets = np.arange(count + 1, dtype=np.int32) * np.int32(length)
    data = np.ascontiguousarray(characters)
    return pa.Array.from_buffers(type_ or pa.string(), count, [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def _check_size(size: int, rows: int) -> None:
    """Offsets have 32 bits, and would run over without a word."""
    if size >= _MOST_BYTES:
        problem = "is more than one batch can hold in a column (2 GiB)"
        raise PlanError.of("batchSize", rows, f"of {size:,} bytes {problem}", "write a smaller batchSize")


def with_nulls(array: pa.Array, valid: NDArray[np.bool_]) -> pa.Array:
    """The same array, NULL where `valid` is false as well as where it was NULL before."""
    if array.null_count:
        valid = valid & array.is_valid().to_numpy(zero_copy_only=False)
    buffers = array.buffers()
    children = None
    if pa.types.is_list(array.type):
        buffers, children = buffers[:2], [array.values]
    elif pa.types.is_struct(array.type):
        buffers, children = buffers[:1], array.flatten()
    aligned = np.concatenate([np.zeros(array.offset, np.bool_), valid])
    bitmap = pa.py_buffer(np.packbits(aligned, bitorder="little"))
    return pa.Array.from_buffers(array.type, len(array), [bitmap, *buffers[1:]], offset=array.offset, children=children)
