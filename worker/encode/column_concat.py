"""Rows put together from pieces, in whole columns.

A piece is what one place of the row holds in every row of a batch: a constant (`bytes`), a block of one width (numpy
bytes of shape (rows, width)), or an Arrow binary array of any widths. Constants and blocks that touch become one block,
and Arrow's own join writes the rest: measured at 10 ns a piece and row, and the ends of the rows come with it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.schema.types import DataType, Kind

_LARGEST = 2**31 - 1
Block = NDArray[np.uint8]
"""Bytes of one width a row, shape (rows, width)."""
Piece = Any
"""`bytes`, a `Block`, or an Arrow binary or string array."""
Writer = Callable[[Any, DataType], Sequence[Piece]]
"""A column's values as pieces. What it makes of a null does not matter: `with_nulls` puts the nulls back."""
Writers = Mapping[Kind, Writer]


def join(pieces: Sequence[Piece], rows: int, null: bytes = b"") -> Any:
    """A binary array of `rows` values: the pieces of each row one behind the other, `null` in a null's place.

    Raises pyarrow.ArrowInvalid where the batch needs 2 GiB or more.
    """
    joined = list(_merged(pieces, rows))
    if len(joined) == 1 and not joined[0].null_count:
        return joined[0]
    return pc.binary_join_element_wise(
        *joined, pa.scalar(b"", pa.binary()), null_handling="replace", null_replacement=null
    )


def with_nulls(pieces: Sequence[Piece], column: Any) -> Sequence[Piece]:
    """The pieces of a column; where it has nulls, one piece that is null where the column is."""
    if not column.null_count:
        return pieces
    values = join(pieces, len(column))
    _, offsets, data = values.buffers()
    bounds = np.frombuffer(offsets, np.int32)[values.offset : values.offset + len(values) + 1]
    valid = np.packbits(column.is_valid().to_numpy(zero_copy_only=False), bitorder="little")
    return [pa.Array.from_buffers(pa.binary(), len(values), [pa.py_buffer(valid), pa.py_buffer(bounds), data])]


def lengths(pieces: Iterable[Piece], rows: int) -> NDArray[np.int64]:
    """Bytes of each row of pieces that have no nulls, shape (rows,)."""
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
    """Bytes of each value of a string or binary array, shape (values,); a null has any length."""
    if not len(values):
        return np.zeros(0, np.int64)
    offsets = np.frombuffer(values.buffers()[1], np.int32)[values.offset : values.offset + len(values) + 1]
    return np.diff(offsets).astype(np.int64)


def joined_lists(column: Any, elements: Any, separator: bytes) -> Any:
    """The elements of each list, encoded one behind the other; `elements` is the encoded `column.flatten()`."""
    counts = list_lengths(column)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return pc.binary_join(pa.ListArray.from_arrays(offsets, elements), separator)


def list_lengths(column: Any) -> NDArray[np.int64]:
    """Elements of each list, none where the list is null; shape (rows,)."""
    return np.asarray(pc.list_value_length(column).fill_null(0).to_numpy(zero_copy_only=False), np.int64)


def _merged(pieces: Sequence[Piece], rows: int) -> Iterable[Any]:
    """The pieces as what Arrow joins: neighbours of known width become one array, lonely constants scalars."""
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
            yield array_of(_side_by_side(neighbours, rows))


def array_of(block: Block) -> Any:
    """A block as a binary array, without a copy."""
    rows, width = block.shape
    if block.size > _LARGEST:
        raise pa.ArrowInvalid(f"{block.size} bytes in one array; give batches of fewer rows")
    offsets = np.arange(rows + 1, dtype=np.int32) * np.int32(width)
    data = np.ascontiguousarray(block)
    return pa.Array.from_buffers(pa.binary(), rows, [None, pa.py_buffer(offsets), pa.py_buffer(data)])


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
