"""Replacing the bytes that a format gives a meaning to: only in columns where a scan finds one."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from worker.encode.column_concat import Block, Piece, array_of, join, lengths_of


def present(values: Any, special: bytes) -> bytes:
    """Which of the `special` bytes a string or binary array holds, at a tenth of a nanosecond a byte."""
    if not len(values) or values.buffers()[2] is None:
        return b""
    bounds = np.frombuffer(values.buffers()[1], np.int32)[values.offset : values.offset + len(values) + 1]
    data = np.frombuffer(values.buffers()[2], np.uint8)[bounds[0] : bounds[-1]]
    lowest = data.min(initial=255)
    return bytes(byte for byte in special if byte >= lowest and bool((data == byte).any()))


def replaced(piece: Piece, substitutes: Mapping[int, bytes]) -> Any:
    """The values with each byte replaced, in the order of `substitutes`: the escape character itself comes first."""
    values = as_array(piece)
    for byte in present(values, bytes(substitutes)):
        values = pc.replace_substring(values, pattern=bytes([byte]), replacement=substitutes[byte])
    return values


def quoted_where_needed(values: Any) -> Any:
    """CSV's quotes (RFC 4180) around values with a quote, comma or line end in them, and around the empty value."""
    special = present(values, b'",\r\n')
    empty = bool((lengths_of(values) == 0).any())
    if not special and not empty:
        return values
    needed = pc.equal(pc.binary_length(values), 0)
    if special:
        needed = pc.or_(needed, pc.match_substring_regex(values, '[",\r\n]'))
    doubled = replaced(values, {0x22: b'""'})
    return pc.if_else(needed, join([b'"', doubled, b'"'], len(values)), values)


def as_array(piece: Piece) -> Any:
    """A block or a string array as a binary array, without a copy."""
    if isinstance(piece, np.ndarray):
        return array_of(_of_bytes(piece))
    return piece.view(pa.binary()) if piece.type == pa.string() else piece


def _of_bytes(piece: Any) -> Block:
    return np.asarray(piece, np.uint8)
