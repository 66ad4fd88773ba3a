"""Whole numbers, exact decimals."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spec.generators import DecimalRange, IntRange, Sequential
from worker.generate.arrow import arrow_type
from worker.generate.buffers import fixed_width
from worker.generate.sampler import sampler
from worker.generate.site import ColumnFunction, Site
from worker.generate.stream import U64, Ordinals, RowNumbers


def sequential(site: Site, generator: Sequential) -> ColumnFunction:
    """`start` plus the row number."""
    as_column = integers(site)
    return lambda rows: as_column(shifted(rows, generator.start))


def int_range(site: Site, generator: IntRange) -> ColumnFunction:
    """`min` plus an ordinal."""
    sample, as_column = sampler(site, generator.max - generator.min + 1, generator.distribution), integers(site)
    return lambda rows: as_column(shifted(sample(rows), generator.min))


def decimal_range(site: Site, generator: DecimalRange) -> ColumnFunction:
    """`min` plus an ordinal of units in the last place, straight into 128-bit cells."""
    type_ = site.column.type
    unit = Decimal(1).scaleb(-(type_.scale or 0))
    low = int((generator.min / unit).to_integral_value(ROUND_CEILING))
    high = int((generator.max / unit).to_integral_value(ROUND_FLOOR))
    sample, arrow = sampler(site, high - low + 1, generator.distribution), arrow_type(type_)
    return lambda rows: fixed_width(arrow, widened(shifted(sample(rows), low)))


def shifted(ordinals: Ordinals | RowNumbers, start: int) -> NDArray[np.int64]:
    """`start` plus each ordinal, as signed 64-bit numbers."""
    return (ordinals + U64(start % (1 << 64))).view(np.int64)


def widened(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Signed 64-bit numbers as little-endian 128-bit ones: two words each, the second all sign."""
    words = np.empty((len(numbers), 2), np.int64)
    words[:, 0] = numbers
    np.right_shift(numbers, 63, out=words[:, 1])
    return words


def integers(site: Site) -> "IntegerColumn":
    """How whole numbers become cells of this column's type."""
    return IntegerColumn(arrow_type(site.column.type))


class IntegerColumn:
    """Signed 64-bit numbers into an Arrow array of an integer type, without a copy where it is 64-bit itself."""

    def __init__(self, type_: pa.DataType) -> None:
        self._type = type_
        self._dtype = type_.to_pandas_dtype()

    def __call__(self, numbers: NDArray[np.int64]) -> pa.Array:
        return fixed_width(self._type, numbers.astype(self._dtype, copy=False))
