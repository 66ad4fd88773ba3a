"""The values of Arrow columns as numpy arrays, without a copy where there can be none."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import DTypeLike, NDArray

from worker.encode.column_concat import Block


def numbers(column: Any, dtype: DTypeLike) -> NDArray[Any]:
    """The storage of a fixed-width column (numbers, dates, times) as `dtype`, shape (rows,); a null is any number."""
    width = np.dtype(dtype).itemsize
    return _storage(column, width).view(dtype).reshape(-1)


def fixed(column: Any) -> Block:
    """The bytes of a fixed-size column (uuid, decimal), shape (rows, width); a null is any bytes."""
    return _storage(column, column.type.byte_width)


def truths(column: Any) -> NDArray[np.bool_]:
    """A boolean column, shape (rows,); a null is False."""
    return np.asarray(column.fill_null(False).to_numpy(zero_copy_only=False), np.bool_)


def block(values: NDArray[Any], dtype: DTypeLike) -> Block:
    """Numbers in the byte order and width of `dtype`, shape (rows, width of `dtype` times the columns)."""
    converted = np.ascontiguousarray(values, dtype=dtype)
    columns = converted.shape[1] if converted.ndim > 1 else 1
    return converted.reshape(-1).view(np.uint8).reshape(len(values), columns * converted.itemsize)


def magnitudes(column: Any) -> tuple[NDArray[np.bool_], NDArray[np.uint64], NDArray[np.uint64]]:
    """A decimal column's unscaled values as sign (True below zero) and the low and high 64 bits of their size."""
    words = numbers_of_two(column)
    low, high = words[:, 0].copy(), words[:, 1].copy()
    negative = high >> np.uint64(63) == 1
    # two's complement: invert both words, add one to the low, and carry where that wrapped to zero
    low[negative] = ~low[negative] + np.uint64(1)
    high[negative] = ~high[negative] + (low[negative] == 0)
    return negative, low, high


def numbers_of_two(column: Any) -> NDArray[np.uint64]:
    """A decimal column's 128 bits as two words, the low one first, shape (rows, 2); a null is zero."""
    return fixed(column.fill_null(0) if column.null_count else column).view(np.uint64)


def _storage(column: Any, width: int) -> Block:
    data = column.buffers()[1]
    if not len(column) or data is None:
        return np.zeros((len(column), width), np.uint8)
    start = column.offset * width
    return np.frombuffer(data, np.uint8)[start : start + len(column) * width].reshape(-1, width)


def zero_for_null(column: Any) -> Any:
    """The column with zero in a null's place, where a conversion would stumble over what lies there."""
    if not column.null_count:
        return column
    return column.fill_null(pa.scalar(0, column.type))
