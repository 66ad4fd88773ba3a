"""Generators of arrays, sets, bytes and points."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.schema.generators import PointRange, RandomBytes, SampleArray
from core.schema.types import DOCUMENTS, Kind
from core.schema.values import canonical_json
from worker.arrow import arrow_type, variable_width
from worker.generate.choices import vocabulary
from worker.generate.column_context import ColumnContext, ColumnFunction
from worker.generate.numeric import shifted
from worker.generate.sampler import sampler
from worker.generate.stream import U64, Draws, RowNumbers, Stream, below

_MILLION = 1_000_000
_WORD_BYTES = 8
Lengths = Callable[[RowNumbers], NDArray[np.int64]]
_INNER = Stream(0)


def sample_array(context: ColumnContext, generator: SampleArray) -> ColumnFunction:
    """Return values of the pool: an array may repeat them; a set has each at most once, in the order of its type."""
    type_ = context.column.type
    lengths_of = _lengths(context, generator.min_length, generator.max_length)
    if type_.kind is Kind.SET:
        return _subset(context, generator, lengths_of)
    if type_.kind is Kind.ARRAY and type_.element is not None:
        pool = vocabulary(generator.pool, type_.element)
    else:
        pool = pa.array([canonical_json(value) for value in generator.pool])
    stream = context.stream("element")

    def arrays(rows: RowNumbers) -> pa.Array:
        lengths = lengths_of(rows)
        draws = _ragged_draws(stream, rows, lengths)
        items = pool.take(pa.array(below(draws, len(pool)).astype(np.int32)))
        lists = pa.ListArray.from_arrays(pa.array(_offsets(lengths)), items)
        if type_.kind in DOCUMENTS:
            return pc.binary_join_element_wise("[", pc.binary_join(lists, ","), "]", "")
        return lists

    return arrays


def _subset(context: ColumnContext, generator: SampleArray, lengths_of: Lengths) -> ColumnFunction:
    order = context.column.type.values
    chosen = [value for value in order if value in generator.pool]
    pool = pa.array(chosen)
    streams = [context.stream(f"member {value}") for value in chosen]

    def sets(rows: RowNumbers) -> pa.Array:
        lengths = lengths_of(rows)
        draws = np.stack([stream.draws(rows) for stream in streams], axis=1)
        ranks = draws.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
        members = np.nonzero(ranks < lengths[:, None])[1]
        return pa.ListArray.from_arrays(pa.array(_offsets(lengths)), pool.take(pa.array(members)))

    return sets


def random_bytes(context: ColumnContext, generator: RandomBytes) -> ColumnFunction:
    """Return random bytes, eight per draw; the last draw is cut to the length of the cell."""
    lengths_of, stream = _lengths(context, generator.min_length, generator.max_length), context.stream("bytes")
    arrow = arrow_type(context.column.type)

    def cells(rows: RowNumbers) -> pa.Array:
        lengths = lengths_of(rows)
        words = -(-lengths // _WORD_BYTES)
        data = _ragged_draws(stream, rows, words).astype("<u8", copy=False).view(np.uint8)
        if not np.array_equal(words * _WORD_BYTES, lengths):
            starts = np.repeat(_offsets(words)[:-1] * _WORD_BYTES, lengths)
            data = data[starts + _positions(lengths)]
        return variable_width(lengths.astype(np.int32), data, arrow)

    return cells


def point_range(context: ColumnContext, generator: PointRange) -> ColumnFunction:
    """Return two coordinates, each in whole millionths."""
    x = _coordinate(context, "x", generator.min_x, generator.max_x)
    y = _coordinate(context, "y", generator.min_y, generator.max_y)
    fields = list(arrow_type(context.column.type))
    return lambda rows: pa.StructArray.from_arrays([x(rows), y(rows)], fields=fields)


def _coordinate(context: ColumnContext, axis: str, low: float, high: float) -> ColumnFunction:
    first = round(low * _MILLION)
    sample = sampler(context, round(high * _MILLION) - first + 1, purpose=axis)
    return lambda rows: pa.array(shifted(sample(rows), first) / _MILLION)


def _lengths(context: ColumnContext, low: int, high: int) -> Lengths:
    """Return a function that returns the number of parts in each row's cell."""
    sample = sampler(context, high - low + 1, purpose="length")
    return lambda rows: sample(rows).view(np.int64) + low


def _offsets(lengths: NDArray[np.int64]) -> NDArray[np.int32]:
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def _positions(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the position of each part within its cell: 0, 1, 2 and so on."""
    starts = np.cumsum(lengths) - lengths
    return np.arange(int(lengths.sum())) - np.repeat(starts, lengths)


def _ragged_draws(stream: Stream, rows: RowNumbers, lengths: NDArray[np.int64]) -> Draws:
    """Return `lengths` draws for each row, from a stream that each row starts at its own draw."""
    firsts = np.repeat(stream.draws(rows), lengths)
    return _INNER.draws(firsts + _positions(lengths).view(U64))
