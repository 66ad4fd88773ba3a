"""Identifiers without a meaning: UUIDs."""

import numpy as np
from numpy.typing import NDArray

from spec.generators import UuidV4
from worker.generate.arrow import arrow_type
from worker.generate.buffers import fixed_width
from worker.generate.site import ColumnFunction, Site
from worker.generate.stream import U64, RowNumbers, Stream

_VERSION_MASK, _VERSION_4 = U64(0xFFFF_FFFF_FFFF_0FFF), U64(0x4000)
_VARIANT_MASK, _VARIANT = U64(0x3FFF_FFFF_FFFF_FFFF), U64(0x8000_0000_0000_0000)


def uuid_v4(site: Site, _: UuidV4) -> ColumnFunction:
    """Two draws a row, with the bits of version and variant set."""
    high, low, arrow = site.stream("uuid high"), site.stream("uuid low"), arrow_type(site.column.type)
    return lambda rows: fixed_width(arrow, uuid_bytes(high, low, rows))


def uuid_bytes(high: Stream, low: Stream, rows: RowNumbers) -> NDArray[np.uint8]:
    """The sixteen bytes of each row's UUID, most significant first."""
    words = np.empty((len(rows), 2), ">u8")
    words[:, 0] = high.draws(rows) & _VERSION_MASK | _VERSION_4
    words[:, 1] = low.draws(rows) & _VARIANT_MASK | _VARIANT
    return words.view(np.uint8)
