"""Read Arrow columns as NumPy arrays, and concatenate columns of bytes to rows.

A piece is one part of every row of a batch: a constant (`bytes`), a block of one width (NumPy bytes of shape
(rows, width)), or an Arrow binary array of any widths. Adjacent constants and blocks become one block, and Arrow joins the
pieces, at about 10 ns per piece and row. The join also returns the end of each row.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import DTypeLike, NDArray

from core.schema.types import DataType, Kind
from worker.arrow import Block, equal_width, with_nulls

Piece = Any
"""`bytes`, a `Block`, or an Arrow binary or string array."""
Writer = Callable[[Any, DataType], Sequence[Piece]]
"""Returns a column's values as pieces. The bytes of a null have no meaning: `keep_nulls` restores the nulls."""
Writers = Mapping[Kind, Writer]


def join(pieces: Sequence[Piece], rows: int, null: bytes = b"") -> Any:
    """Return a binary array of `rows` values: the concatenated pieces of each row, `null` for a null.

    Raises pyarrow.ArrowInvalid or PlanError if the batch needs 2 GiB or more.
    """
    joined = list(_merged(pieces, rows))
    if len(joined) == 1 and not joined[0].null_count:
        return joined[0]
    return pc.binary_join_element_wise(
        *joined, pa.scalar(b"", pa.binary()), null_handling="replace", null_replacement=null
    )


def keep_nulls(pieces: Sequence[Piece], column: Any) -> Sequence[Piece]:
    """Return the pieces of a column; if it has nulls, return one piece with the same nulls."""
    if not column.null_count:
        return pieces
    return [with_nulls(join(pieces, len(column)), column.is_valid().to_numpy(zero_copy_only=False))]


def lengths(pieces: Iterable[Piece], rows: int) -> NDArray[np.int64]:
    """Return the bytes per row of pieces without nulls, shape (rows,)."""
    total = np.zeros(rows, np.int64)
    for piece in pieces:
        if isinstance(piece, bytes):
            total += len(piece)
        elif isinstance(piece, np.ndarray):
            total += piece.shape[1]
        else:
            total += lengths_of(piece)
    return total


def lengths_of(values: Any) -> NDArray[np.int64]:
    """Return the bytes of each value of a string or binary array, shape (values,); a null may have any length."""
    if not len(values):
        return np.zeros(0, np.int64)
    offsets = np.frombuffer(values.buffers()[1], np.int32)[values.offset : values.offset + len(values) + 1]
    return np.diff(offsets).astype(np.int64)


def join_lists(column: Any, elements: Any, separator: bytes) -> Any:
    """Return the joined elements of each list; `elements` is the encoded `column.flatten()`."""
    counts = list_lengths(column)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return pc.binary_join(pa.ListArray.from_arrays(offsets, elements), separator)


def list_lengths(column: Any) -> NDArray[np.int64]:
    """Return the number of elements of each list, 0 for a null; shape (rows,)."""
    return np.asarray(pc.list_value_length(column).fill_null(0).to_numpy(zero_copy_only=False), np.int64)


def _merged(pieces: Sequence[Piece], rows: int) -> Iterable[Any]:
    """Yield the pieces for Arrow: adjacent pieces of known width as one array, a constant alone as a scalar."""
    if all(isinstance(piece, bytes) for piece in pieces):
        pieces = [*pieces, np.empty((rows, 0), np.uint8)]
    for of_known_width, run in groupby(pieces, lambda piece: isinstance(piece, bytes | np.ndarray)):
        if not of_known_width:
            yield from (values.view(pa.binary()) if values.type == pa.string() else values for values in run)
            continue
        neighbours = list(run)
        if all(isinstance(piece, bytes) for piece in neighbours):
            if constant := b"".join(neighbours):
                yield pa.scalar(constant, pa.binary())
        else:
            yield equal_width(_side_by_side(neighbours, rows), pa.binary())


def _side_by_side(parts: list[bytes | Block], rows: int) -> Block:
    if len(parts) == 1 and isinstance(parts[0], np.ndarray):
        return parts[0]
    widths = [len(part) if isinstance(part, bytes) else part.shape[1] for part in parts]
    block = np.empty((rows, sum(widths)), np.uint8)
    start = 0
    for part, width in zip(parts, widths, strict=True):
        block[:, start : start + width] = np.frombuffer(part, np.uint8) if isinstance(part, bytes) else part
        start += width
    return block


def numbers(column: Any, dtype: DTypeLike) -> NDArray[Any]:
    """Return a fixed-width column (numbers, dates, times) as `dtype`, shape (rows,); a null becomes an arbitrary number."""
    width = np.dtype(dtype).itemsize
    return _storage(column, width).view(dtype).reshape(-1)


def fixed(column: Any) -> Block:
    """Return the bytes of a fixed-size column (uuid, decimal), shape (rows, width); a null becomes arbitrary bytes."""
    return _storage(column, column.type.byte_width)


def booleans_of(column: Any) -> NDArray[np.bool_]:
    """Return a boolean column, shape (rows,); a null is False."""
    return np.asarray(column.fill_null(False).to_numpy(zero_copy_only=False), np.bool_)


def block(values: NDArray[Any], dtype: DTypeLike) -> Block:
    """Return numbers as bytes in the order and width of `dtype`, shape (rows, width of `dtype` times the columns)."""
    converted = np.ascontiguousarray(values, dtype=dtype)
    columns = converted.shape[1] if converted.ndim > 1 else 1
    return converted.reshape(-1).view(np.uint8).reshape(len(values), columns * converted.itemsize)


def magnitudes(column: Any) -> tuple[NDArray[np.bool_], NDArray[np.uint64], NDArray[np.uint64]]:
    """Return the unscaled values of a decimal column: sign (True below zero), low and high 64 bits of the magnitude."""
    words = words_of_decimals(column)
    low, high = words[:, 0].copy(), words[:, 1].copy()
    negative = high >> np.uint64(63) == 1
    # two's complement: invert both words, add one to the low, and carry where that wrapped to zero
    low[negative] = ~low[negative] + np.uint64(1)
    high[negative] = ~high[negative] + (low[negative] == 0)
    return negative, low, high


def words_of_decimals(column: Any) -> NDArray[np.uint64]:
    """Return the 128 bits of a decimal column as two words, the low one first, shape (rows, 2); a null is zero."""
    return fixed(column.fill_null(0) if column.null_count else column).view(np.uint64)


def _storage(column: Any, width: int) -> Block:
    data = column.buffers()[1]
    if not len(column) or data is None:
        return np.zeros((len(column), width), np.uint8)
    start = column.offset * width
    return np.frombuffer(data, np.uint8)[start : start + len(column) * width].reshape(-1, width)


def zero_for_null(column: Any) -> Any:
    """Return the column with zero for a null, because a conversion may fail on the undefined value of a null."""
    if not column.null_count:
        return column
    return column.fill_null(pa.scalar(0, column.type))


def special_bytes_in(values: Any, special: bytes) -> bytes:
    """Return which of the `special` bytes a string or binary array contains, at about 0.1 ns per byte."""
    if not len(values) or values.buffers()[2] is None:
        return b""
    bounds = np.frombuffer(values.buffers()[1], np.int32)[values.offset : values.offset + len(values) + 1]
    data = np.frombuffer(values.buffers()[2], np.uint8)[bounds[0] : bounds[-1]]
    lowest = data.min(initial=255)
    return bytes(byte for byte in special if byte >= lowest and bool((data == byte).any()))


def replace_bytes(piece: Piece, substitutes: Mapping[int, bytes]) -> Any:
    """Return the values with each byte replaced, in the order of `substitutes`; the escape character must be first."""
    values = as_array(piece)
    for byte in special_bytes_in(values, bytes(substitutes)):
        values = pc.replace_substring(values, pattern=bytes([byte]), replacement=substitutes[byte])
    return values


def as_array(piece: Piece) -> Any:
    """Return a block or a string array as a binary array, without a copy."""
    if isinstance(piece, np.ndarray):
        return equal_width(piece, pa.binary())
    return piece.view(pa.binary()) if piece.type == pa.string() else piece
