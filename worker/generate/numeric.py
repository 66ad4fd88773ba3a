"""Generators of whole numbers, exact decimals, floating-point numbers and booleans."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.schema.checks.compatibility import decimal_units
from core.schema.generators import DecimalRange, FloatRange, IntRange, Sequential, Uniform, WeightedBool, Zipf
from core.schema.types import DOCUMENTS, FLOATS, TEXTS, Kind
from worker.arrow import arrow_type, fixed_width
from worker.generate.column_context import ColumnContext, ColumnFunction
from worker.generate.sampler import chance, sampler
from worker.generate.stream import U64, Ordinals, RowNumbers, high_product

_FRACTION_BITS = 53
_ZIPF_STEPS = 1_000_000
"""The number of steps into which a range of floats is divided for a zipf distribution, which needs ranks."""
_CENT = 100.0
_WORD = 1 << 64


def sequential(context: ColumnContext, generator: Sequential) -> ColumnFunction:
    """Return `start` plus the row number."""
    cells = _whole_numbers(context)
    return lambda rows: cells(shifted(rows, generator.start))


def int_range(context: ColumnContext, generator: IntRange) -> ColumnFunction:
    """Return `min` plus an ordinal."""
    sample = sampler(context, generator.max - generator.min + 1, generator.distribution, origin=generator.min)
    cells = _whole_numbers(context)
    return lambda rows: cells(shifted(sample(rows), generator.min))


def decimal_range(context: ColumnContext, generator: DecimalRange | FloatRange) -> ColumnFunction:
    """Return `min` plus an ordinal times the unit of the last decimal place, which is 0.01 in a column of floats."""
    type_ = context.column.type
    if type_.kind in FLOATS:
        low, high = round(float(generator.min) * _CENT), round(float(generator.max) * _CENT)
        sample = sampler(context, high - low + 1, generator.distribution, origin=float(generator.min), unit=1 / _CENT)
        return lambda rows: _floats(context, shifted(sample(rows), low) / _CENT)
    low, high = decimal_units(type_, generator.min, generator.max)
    # A draw of 64 bits cannot select every unit of a larger range: it selects every step-th unit.
    step = max(1, 10 ** (len(str((high - low) // _WORD)) if high - low >= _WORD else 0))
    unit = step * 10.0 ** -(type_.scale or 0)
    sample = sampler(context, (high - low) // step + 1, generator.distribution, origin=float(generator.min), unit=unit)
    arrow = arrow_type(type_)
    return lambda rows: fixed_width(arrow, wide_numbers(sample(rows), step, low))


def float_range(context: ColumnContext, generator: FloatRange) -> ColumnFunction:
    """Return numbers from `min` to `max`, at a random fraction of 53 bits of the range. Decimals use `decimal_range`."""
    if context.column.type.kind is Kind.DECIMAL:
        return decimal_range(context, generator)
    low, span, distribution = generator.min, generator.max - generator.min, generator.distribution
    steps = _ZIPF_STEPS if isinstance(distribution, Zipf) else 1 << _FRACTION_BITS
    last = steps if isinstance(distribution, Uniform) else steps - 1
    sample = sampler(context, steps, distribution, origin=low, unit=(span or 1.0) / last)
    return lambda rows: _floats(context, np.clip(low + span * (sample(rows) / last), low, generator.max))


def weighted_bool(context: ColumnContext, generator: WeightedBool) -> ColumnFunction:
    """Return true in the given share of the rows; 1 in a column of numbers."""
    is_true, kind = chance(context.stream(), generator.true_weight), context.column.type.kind
    if kind is Kind.BOOL:
        return lambda rows: pa.array(is_true(rows))
    if kind in DOCUMENTS:
        words = pa.array(["false", "true"])
        return lambda rows: words.take(pa.array(is_true(rows).astype(np.int8)))
    cells = _whole_numbers(context)
    return lambda rows: cells(is_true(rows).astype(np.int64))


def shifted(ordinals: Ordinals | RowNumbers, start: int) -> NDArray[np.int64]:
    """Return `start` plus each ordinal, as signed 64-bit numbers."""
    return (ordinals + U64(start % _WORD)).view(np.int64)


def wide_numbers(ordinals: Ordinals, step: int, start: int) -> NDArray[np.uint64]:
    """Return `start + step * ordinal`, below 2**127 in size, as little-endian 128-bit numbers: two words each."""
    words = np.empty((len(ordinals), 2), np.uint64)
    if step == 1:
        low, words[:, 1] = ordinals, 0
    else:
        high_step, low_step = divmod(step, _WORD)
        low, words[:, 1] = ordinals * U64(low_step), high_product(ordinals, low_step)
        words[:, 1] += ordinals * U64(high_step)
    start %= 1 << 128
    np.add(low, U64(start % _WORD), out=words[:, 0])
    words[:, 1] += words[:, 0] < low
    words[:, 1] += U64(start // _WORD)
    return words


def _floats(context: ColumnContext, values: NDArray[np.float64]) -> pa.Array:
    dtype = np.float32 if context.column.type.kind is Kind.FLOAT32 else np.float64
    return fixed_width(arrow_type(context.column.type), values.astype(dtype, copy=False))


def _whole_numbers(context: ColumnContext) -> Callable[[NDArray[np.int64]], pa.Array]:
    """Return a function that converts signed 64-bit numbers to cells of this column's type."""
    type_, arrow = context.column.type, arrow_type(context.column.type)
    if type_.kind in TEXTS | DOCUMENTS:
        return lambda numbers: pa.array(numbers).cast(pa.string())
    if type_.kind is Kind.DECIMAL:
        factor = 10 ** (type_.scale or 0)
        return lambda numbers: fixed_width(arrow, _scaled(numbers, factor))
    if type_.kind in FLOATS:
        return lambda numbers: _floats(context, numbers.astype(np.float64))
    dtype: Any = arrow.to_pandas_dtype()
    return lambda numbers: fixed_width(arrow, numbers.astype(dtype, copy=False))


def _scaled(numbers: NDArray[np.int64], factor: int) -> NDArray[np.uint64]:
    """Return signed 64-bit numbers times a factor, as 128-bit numbers: multiply the magnitudes, then restore the signs."""
    negative = numbers < 0
    magnitudes = np.where(negative, -numbers, numbers).view(np.uint64)
    words = np.empty((len(numbers), 2), np.uint64)
    high_factor, low_factor = divmod(factor, _WORD)
    words[:, 0], words[:, 1] = magnitudes * U64(low_factor), high_product(magnitudes, low_factor)
    words[:, 1] += magnitudes * U64(high_factor)
    if negative.any():
        words[negative] = ~words[negative]
        words[negative, 0] += U64(1)
        words[negative, 1] += words[negative, 0] == 0
    return words
