"""Generators of UUIDs and ULIDs."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.schema.generators import Ulid, UuidV4
from core.schema.types import BINARIES, DOCUMENTS, Kind
from worker.arrow import Block, arrow_type, equal_width, fixed_width, uuid_characters
from worker.generate.column_context import ColumnContext, ColumnFunction
from worker.generate.stream import U64, RowNumbers, Stream
from worker.generate.temporal import elapsed, microseconds

_VERSION_MASK, _VERSION_4 = U64(0xFFFF_FFFF_FFFF_0FFF), U64(0x4000)
_VARIANT_MASK, _VARIANT = U64(0x3FFF_FFFF_FFFF_FFFF), U64(0x8000_0000_0000_0000)
_QUOTE = ord('"')
_BASE_32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CROCKFORD = np.frombuffer("".join(one + other for one in _BASE_32 for other in _BASE_32).encode(), np.uint16)


def uuid_v4(context: ColumnContext, _: UuidV4) -> ColumnFunction:
    """Return UUIDs of version 4: two draws per row, with the bits of version and variant set."""
    identifiers, kind, arrow = Uuids(context, ""), context.column.type.kind, arrow_type(context.column.type)
    if kind is Kind.UUID:
        return lambda rows: fixed_width(arrow, identifiers(rows))
    if kind in BINARIES:
        return lambda rows: equal_width(identifiers(rows), arrow)
    if kind in DOCUMENTS:
        return lambda rows: equal_width(
            np.pad(uuid_characters(identifiers(rows)), ((0, 0), (1, 1)), constant_values=_QUOTE)
        )
    return lambda rows: equal_width(uuid_characters(identifiers(rows)))


def ulid(context: ColumnContext, _: Ulid) -> ColumnFunction:
    """Return ULIDs: 48 bits of milliseconds, then 80 random bits."""
    first = U64(microseconds(context.base_instant) // 1000)
    high, low = context.stream("ulid high"), context.stream("ulid low")

    def identifiers(rows: RowNumbers) -> pa.Array:
        time = (elapsed(rows) + first) << U64(16)
        return equal_width(base32_characters(time | high.draws(rows) >> U64(48), low.draws(rows)))

    return identifiers


class Uuids:
    """UUIDs of version 4 for one purpose of a column: 16 bytes per row, most significant first."""

    def __init__(self, context: ColumnContext, purpose: str) -> None:
        self._high: Stream = context.stream(f"uuid high{purpose}")
        self._low: Stream = context.stream(f"uuid low{purpose}")

    def __call__(self, rows: RowNumbers) -> NDArray[np.uint8]:
        """Return the identifiers of these rows, shape (rows, 16)."""
        words = np.empty((len(rows), 2), ">u8")
        words[:, 0] = self._high.draws(rows) & _VERSION_MASK | _VERSION_4
        words[:, 1] = self._low.draws(rows) & _VARIANT_MASK | _VARIANT
        return words.view(np.uint8)


def base32_characters(high: NDArray[np.uint64], low: NDArray[np.uint64]) -> Block:
    """Return the 26 characters, in Crockford's alphabet, of each row's two 64-bit words.

    Ten bits give two characters at a time.
    """
    pairs = np.empty((len(high), 13), np.uint16)
    for column in range(13):
        shift = 10 * (12 - column)
        if shift >= 64:
            bits = high >> U64(shift - 64)
        elif shift > 54:
            bits = (low >> U64(shift)) | (high << U64(64 - shift))
        else:
            bits = low >> U64(shift)
        pairs[:, column] = _CROCKFORD[bits & U64(1023)]
    return pairs.view(np.uint8)
