"""Rows in the bytes of MySQL's text protocol, cut into rows and cells in whole batches.

The server sends a packet per row: three bytes with its size, its number, and the cells, each after its length
(dev.mysql.com, page_protocol_com_query_response_text_resultset). A row in an array has `PACKET_HEADER` and its cells.
"""

import struct
from collections.abc import Callable, Generator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from worker.arrow import with_nulls
from worker.encode.mysql import NULL, PACKET_HEADER

_BATCH_BYTES = 1 << 20
_HEADER_BYTES = len(PACKET_HEADER)
_LARGEST_PACKET = (1 << 24) - 1
"""The size of a packet whose row continues in the next one."""
_ERROR, _END, _END_BYTES = 0xFF, 0xFE, 9
"""The first byte of an error; that of the end, whose packet is shorter than `_END_BYTES`."""
_LONG_SIZES = ((252, 2), (253, 3), (254, 8))
"""The markers of a cell that has its length in more than one byte, with the number of these bytes."""
_size_of = struct.Struct("<I").unpack_from

ReadSome = Callable[[memoryview], int]
"""Reads bytes into a buffer, at least one, and returns their number."""


def row_batches(read_some: ReadSome) -> Generator[pa.Array, None, bytes]:
    """Yield the rows of a result in batches of about a mebibyte, and return the packet after the last one."""
    rest: NDArray[np.uint8] = np.empty(0, np.uint8)
    while True:
        data = np.empty(max(_BATCH_BYTES, 2 * len(rest)), np.uint8)
        data[: len(rest)] = rest
        read = _fill(data, len(rest), read_some)
        stops = read.stops
        last = b""
        if read.is_last:
            last = data[stops[-2] + _HEADER_BYTES : stops[-1]].tobytes()
            stops = stops[:-1]
        whole, rows = _rows(data, np.array(stops, np.int32))
        if len(rows):
            yield rows
        if read.is_last:
            return last
        rest = data[whole : read.filled]


class _Read(NamedTuple):
    """A buffer with packets: its filled bytes, the start of the first packet and the end of each complete one."""

    filled: int
    stops: list[int]
    is_last: bool


def _fill(data: NDArray[np.uint8], filled: int, read_some: ReadSome) -> _Read:
    """Read until the buffer is full or has the last packet of the result."""
    view, place, stops = data.data, 0, [0]
    while filled < len(data):
        filled += read_some(view[filled:])
        while place + _HEADER_BYTES <= filled:
            stop = place + _HEADER_BYTES + (_size_of(view, place)[0] & _LARGEST_PACKET)
            if stop > filled:
                break
            stops.append(stop)
            place = stop
        if len(stops) > 1 and _is_last(data, stops):
            return _Read(filled, stops, is_last=True)
    return _Read(filled, stops, is_last=False)


def _is_last(data: NDArray[np.uint8], stops: list[int]) -> bool:
    """Return whether the last complete packet is an error or the end of the result, and not a row or a part of one."""
    start, stop = stops[-2], stops[-1]
    if stop - start == _HEADER_BYTES or (len(stops) > 2 and start - stops[-3] == _HEADER_BYTES + _LARGEST_PACKET):
        return False
    first = data[start + _HEADER_BYTES]
    return bool(first == _ERROR or (first == _END and stop - start - _HEADER_BYTES < _END_BYTES))


def _rows(data: NDArray[np.uint8], bounds: NDArray[np.int32]) -> tuple[int, pa.Array]:
    """Return where the last complete row ends, and the rows; the headers of their packets are overwritten."""
    continues = np.diff(bounds) == _HEADER_BYTES + _LARGEST_PACKET
    if continues.any():
        return _joined_rows(data, bounds, continues)
    for place in range(_HEADER_BYTES):
        data[bounds[:-1] + place] = PACKET_HEADER[place]
    buffers = [None, pa.py_buffer(bounds), pa.py_buffer(data)]
    return int(bounds[-1]), pa.Array.from_buffers(pa.binary(), len(bounds) - 1, buffers)


def _joined_rows(
    data: NDArray[np.uint8], bounds: NDArray[np.int32], continues: NDArray[np.bool_]
) -> tuple[int, pa.Array]:
    """Return the rows of packets of which some continue in the next one."""
    rows, parts, whole = [], [PACKET_HEADER], 0
    for start, stop, is_part in zip(bounds.tolist(), bounds[1:].tolist(), continues.tolist(), strict=False):
        parts.append(data[start + _HEADER_BYTES : stop].tobytes())
        if not is_part:
            rows.append(b"".join(parts))
            parts, whole = [PACKET_HEADER], stop
    return whole, pa.array(rows, pa.binary())


def cells_of(rows: pa.Array, columns: int) -> list[pa.Array]:
    """Return the first cells of rows, a binary array for each of `columns`; null for NULL."""
    if not len(rows):
        return [pa.array([], pa.binary())] * columns
    _, offsets, buffer = rows.buffers()
    data = np.frombuffer(buffer, np.uint8)
    places = np.frombuffer(offsets, np.int32)[rows.offset : rows.offset + len(rows)].astype(np.int64) + _HEADER_BYTES
    found = []
    for _ in range(columns):
        marks = data[places]
        is_null = marks == NULL[0]
        sizes = np.where(is_null, 0, marks).astype(np.int64)
        starts = places + 1
        for mark, width in _LONG_SIZES:
            longer = np.flatnonzero(marks == mark)
            if len(longer):
                digits = np.zeros((len(longer), 8), np.uint8)
                digits[:, :width] = data[starts[longer, None] + np.arange(width)]
                sizes[longer] = digits.view("<i8").reshape(-1)
                starts[longer] += width
        places = starts + sizes
        cells = _spans(buffer, starts, places)
        found.append(with_nulls(cells, ~is_null) if is_null.any() else cells)
    return found


def _spans(buffer: pa.Buffer, starts: NDArray[np.int64], stops: NDArray[np.int64]) -> pa.Array:
    """Return the bytes between each start and stop: every second value of an array that has the bytes between them, too."""
    bounds = np.stack([starts, stops], axis=1).reshape(-1).astype(np.int32)
    values = pa.Array.from_buffers(pa.binary(), len(bounds) - 1, [None, pa.py_buffer(bounds), buffer])
    return values.take(pa.array(np.arange(0, len(bounds), 2)))
