"""Generators of instants, dates, times of day and durations."""

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.schema.generators import DurationRange, TimestampNow, TimestampRange, TimestampRecent
from core.schema.types import Kind
from worker.arrow import arrow_type, fixed_width
from worker.generate.column_context import ColumnContext, ColumnFunction
from worker.generate.sampler import Sampler, sampler
from worker.generate.stream import U64, RowNumbers

_MILLISECOND = 1000
_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
_CLOCK = (1 << 40) - 1
"""Milliseconds after which `timestamp_now` starts again, 35 years. So every row number has a valid date."""


def timestamp_range(context: ColumnContext, generator: TimestampRange) -> ColumnFunction:
    """Return instants in whole milliseconds from start to end."""
    first = microseconds(generator.start)
    size = (microseconds(generator.end) - first) // _MILLISECOND + 1
    return _instants(context, sampler(context, size, generator.distribution, unit=0.001), first)


def timestamp_recent(context: ColumnContext, generator: TimestampRecent) -> ColumnFunction:
    """Return instants in whole milliseconds within the days before the base instant."""
    first = microseconds(context.base_instant) - generator.days * _DAY
    size = generator.days * _DAY // _MILLISECOND
    return _instants(context, sampler(context, size, generator.distribution, unit=0.001), first)


def timestamp_now(context: ColumnContext, _: TimestampNow) -> ColumnFunction:
    """Return the base instant plus one millisecond for each row before this one."""
    return _instants(context, elapsed, microseconds(context.base_instant))


def elapsed(rows: RowNumbers) -> RowNumbers:
    """Return the milliseconds since row 0, with one row per millisecond."""
    return rows & U64(_CLOCK)


def duration_range(context: ColumnContext, generator: DurationRange) -> ColumnFunction:
    """Return durations in whole seconds."""
    low = generator.min_secs
    sample = sampler(context, generator.max_secs - low + 1, generator.distribution, origin=low)
    arrow = arrow_type(context.column.type)
    return lambda rows: fixed_width(arrow, (sample(rows).view(np.int64) + low) * _SECOND)


def _instants(context: ColumnContext, sample: Sampler, first: int) -> ColumnFunction:
    arrow, shape = arrow_type(context.column.type), _SHAPES.get(context.column.type.kind, _as_instant)

    def values(rows: RowNumbers) -> pa.Array:
        instants = sample(rows).view(np.int64) * _MILLISECOND
        instants += first
        return fixed_width(arrow, shape(instants))

    return values


def _as_instant(instants: NDArray[np.int64]) -> NDArray[np.int64]:
    return instants


def _as_date(instants: NDArray[np.int64]) -> NDArray[np.int32]:
    return (instants // _DAY).astype(np.int32)


def _as_time(instants: NDArray[np.int64]) -> NDArray[np.int64]:
    return instants % _DAY


_SHAPES: dict[Kind, Callable[[NDArray[np.int64]], NDArray[np.int32] | NDArray[np.int64]]] = {
    Kind.DATE: _as_date,
    Kind.TIME: _as_time,
}


def microseconds(instant: datetime) -> int:
    """Return the exact microseconds since 1970 in UTC."""
    since = instant.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
