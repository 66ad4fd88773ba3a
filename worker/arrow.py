"""The Arrow type of each kind of column, and Arrow arrays over NumPy memory without a copy."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.errors import PlanError
from core.schema.model import Table
from core.schema.types import DataType, Kind

_PLAIN: Mapping[Kind, pa.DataType] = {
    Kind.BOOL: pa.bool_(),
    Kind.INT8: pa.int8(),
    Kind.INT16: pa.int16(),
    Kind.INT32: pa.int32(),
    Kind.INT64: pa.int64(),
    Kind.FLOAT32: pa.float32(),
    Kind.FLOAT64: pa.float64(),
    Kind.CHAR: pa.string(),
    Kind.VARCHAR: pa.string(),
    Kind.TEXT: pa.string(),
    Kind.ENUM: pa.string(),
    Kind.ULID: pa.string(),
    Kind.JSON: pa.string(),
    Kind.JSONB: pa.string(),
    Kind.BLOB: pa.binary(),
    Kind.BYTES: pa.binary(),
    Kind.UUID: pa.binary(16),
    Kind.DATE: pa.date32(),
    Kind.TIME: pa.time64("us"),
    Kind.DATETIME: pa.timestamp("us"),
    Kind.TIMESTAMP: pa.timestamp("us"),
    Kind.TIMESTAMP_TZ: pa.timestamp("us", "UTC"),
    Kind.DURATION: pa.duration("us"),
    Kind.SET: pa.list_(pa.string()),
    Kind.POINT: pa.struct([("x", pa.float64()), ("y", pa.float64())]),
}
_MOST_BYTES = 1 << 31
Block = NDArray[np.uint8]
"""The same number of bytes for each row, shape (rows, width)."""
_HEX_PAIRS = np.frombuffer("".join(f"{byte:02x}" for byte in range(256)).encode(), np.uint16)
_UUID_GROUPS = ((0, 8, 0), (9, 13, 8), (14, 18, 12), (19, 23, 16), (24, 36, 20))
"""For each group of a UUID's text: its first character, its end, and its first hexadecimal digit."""


def arrow_type(type_: DataType) -> pa.DataType:
    """Return the Arrow type of a column type."""
    if type_.kind is Kind.DECIMAL:
        return pa.decimal128(type_.precision, type_.scale)
    if type_.kind is Kind.ARRAY:
        assert type_.element is not None  # noqa: S101 - DataType has checked it
        return pa.list_(arrow_type(type_.element))
    return _PLAIN[type_.kind]


def arrow_schema(table: Table) -> pa.Schema:
    """Return the table's columns as Arrow fields; the metadata `kind` has the kind of each."""
    return pa.schema(
        [
            pa.field(column.name, arrow_type(column.type), column.nullable, {"kind": str(column.type.kind)})
            for column in table.columns
        ]
    )


def fixed_width(type_: pa.DataType, values: NDArray[Any]) -> pa.Array:
    """Return an array of a fixed-width type whose cells are the items or rows of `values`, bit for bit."""
    cells = values.nbytes * 8 // type_.bit_width
    return pa.Array.from_buffers(type_, cells, [None, pa.py_buffer(np.ascontiguousarray(values))])


def variable_width(lengths: NDArray[np.int32], data: NDArray[np.uint8], type_: pa.DataType) -> pa.Array:
    """Return an array of strings or binaries of these lengths; `data` has their bytes one after the other."""
    _check_size(int(lengths.sum(dtype=np.int64)), len(lengths))
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return pa.Array.from_buffers(type_, len(lengths), [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def equal_width(characters: NDArray[np.uint8], type_: pa.DataType | None = None) -> pa.Array:
    """Return an array of strings (or `type_`) of equal length: the rows of a matrix of bytes."""
    count, length = characters.shape
    _check_size(count * length, count)
    offsets = np.arange(count + 1, dtype=np.int32) * np.int32(length)
    data = np.ascontiguousarray(characters)
    return pa.Array.from_buffers(type_ or pa.string(), count, [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def _check_size(size: int, rows: int) -> None:
    """Raise PlanError if the bytes exceed the 32-bit offsets, which would overflow silently."""
    if size >= _MOST_BYTES:
        problem = "is more than one batch can hold in a column (2 GiB)"
        raise PlanError.of("batchSize", rows, f"of {size:,} bytes {problem}", "write a smaller batchSize")


def with_nulls(array: pa.Array, valid: NDArray[np.bool_]) -> pa.Array:
    """Return the array with NULL where `valid` is false, in addition to its own NULLs."""
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


def uuid_characters(identifiers: NDArray[np.uint8]) -> Block:
    """Return the 36 characters of each row's 16 bytes."""
    characters = np.full((len(identifiers), 36), ord("-"), np.uint8)
    digits = _HEX_PAIRS[identifiers].view(np.uint8).reshape(len(identifiers), 32)
    for start, end, first in _UUID_GROUPS:
        characters[:, start:end] = digits[:, first : first + end - start]
    return characters
