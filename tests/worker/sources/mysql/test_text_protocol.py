"""Rows in the bytes of the text protocol, from a scripted server that sends them in pieces of any size."""

import random
from collections.abc import Sequence

import pyarrow as pa
import pymysql
import pytest

from tests.worker.sources.mysql.test_source import Scripted
from worker.sources.mysql import text_protocol
from worker.sources.mysql.text_protocol import cells_of, row_batches

_END = b"\xfe\x00\x00\x02\x00"
_ERROR = b"\xff" + (1317).to_bytes(2, "little") + b"#70100Query execution was interrupted"
_LARGEST = (1 << 24) - 1
ROWS = [(b"%d" % number, None if number % 3 else b"x" * (number % 300)) for number in range(500)]


def _cell(cell: bytes | None) -> bytes:
    """Return a cell after its length (dev.mysql.com, page_protocol_basic_dt_strings)."""
    if cell is None:
        return b"\xfb"
    size = len(cell)
    if size < 251:
        return bytes([size]) + cell
    for width, mark in ((2, 252), (3, 253), (8, 254)):
        if size < 1 << (8 * width):
            return bytes([mark]) + size.to_bytes(width, "little") + cell
    raise AssertionError(size)


def _packets(payloads: Sequence[bytes]) -> bytes:
    packets, number = b"", 0
    for payload in payloads:
        for start in range(0, len(payload) + 1, _LARGEST):
            part = payload[start : start + _LARGEST]
            packets += len(part).to_bytes(3, "little") + bytes([number % 256]) + part
            number += 1
    return packets


def _row(row: Sequence[bytes | None]) -> bytes:
    return b"".join(map(_cell, row))


class _Stream:
    """Bytes that arrive in pieces of at most `most`, of sizes drawn at random."""

    def __init__(self, data: bytes, most: int) -> None:
        self._data, self._most, self._random = memoryview(data), most, random.Random(most)

    def read_some(self, into: memoryview) -> int:
        """Read one piece; fail as a connection would wait that gets no more bytes."""
        assert len(self._data), "nothing more will arrive"
        size = min(len(into), len(self._data), self._random.randint(1, self._most))
        into[:size] = self._data[:size]
        self._data = self._data[size:]
        return size


def _read(payloads: Sequence[bytes], most: int) -> tuple[list[pa.Array], bytes]:
    batches = row_batches(_Stream(_packets(payloads), most).read_some)
    found = []
    while True:
        try:
            found.append(next(batches))
        except StopIteration as end:
            return found, end.value


@pytest.mark.parametrize("most", [1, 7, 100, 5_000, 1_000_000])
def test_rows_are_found_in_pieces_of_any_size(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(text_protocol, "_BATCH_BYTES", 2_000)
    batches, last = _read([*map(_row, ROWS), _END], most)
    assert last == _END
    assert len(batches) > 5
    cells = [cells_of(batch, 2) for batch in batches]
    assert [pair for keys, texts in cells for pair in zip(keys.to_pylist(), texts.to_pylist(), strict=True)] == ROWS


def test_row_larger_than_the_buffer_is_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_protocol, "_BATCH_BYTES", 100)
    rows = [(b"1", b"a"), (b"2", b"b" * 70_000), (b"3", b"c")]
    batches, _ = _read([*map(_row, rows), _END], 10_000)
    assert [cell for batch in batches for cell in cells_of(batch, 2)[1].to_pylist()] == [row[1] for row in rows]


@pytest.mark.parametrize("size", [_LARGEST - 6, _LARGEST - 5, _LARGEST + 20])
def test_row_of_several_packets_is_one_row(size: int) -> None:
    """Rows of 2**24 - 2, - 1 and more bytes; the rest of the last one begins like the end of the result."""
    rows = [(b"1", b"a"), (b"2", b"b" * (size - 1) + b"\xfe"), (b"3", b"c")]
    batches, last = _read([*map(_row, rows), _END], 1 << 20)
    assert last == _END
    found = [cell for batch in batches for cell in cells_of(batch, 2)[1].to_pylist()]
    assert [len(cell) for cell in found] == [1, size, 1]
    assert found == [row[1] for row in rows]


@pytest.mark.parametrize("payload", [_END, _ERROR], ids=["end", "error"])
def test_result_without_rows_ends(payload: bytes) -> None:
    assert _read([payload], 3) == ([], payload)


def test_cells_of_a_part_are_those_of_its_rows() -> None:
    (batch,), _ = _read([*map(_row, ROWS), _END], 1_000_000)
    assert cells_of(batch[100:110], 1)[0].to_pylist() == [row[0] for row in ROWS[100:110]]
    taken = batch.take(pa.array([7, 3, 450]))
    assert [cells.to_pylist() for cells in cells_of(taken, 2)] == [
        [ROWS[row][column] for row in (7, 3, 450)] for column in (0, 1)
    ]


class _Results(Scripted):
    """A connection whose server answers a query with two columns and these packets."""

    def __init__(self, *payloads: bytes) -> None:
        super().__init__((1, b"\x02"), (2, b"a column"), (3, b"a column"), (4, _END))
        self._stream = _Stream(_packets(payloads), 1_000)

    def _read_some(self, into: memoryview) -> int:
        return self._stream.read_some(into)


def test_query_yields_rows_and_keeps_the_connection() -> None:
    connection = _Results(*map(_row, ROWS), _END)
    assert sum(len(batch) for batch in connection.rows("SELECT")) == len(ROWS)
    assert connection.packets() == [(0, b"\x03SELECT")]
    assert connection.open


def test_error_after_some_rows_is_raised() -> None:
    batches = _Results(*map(_row, ROWS), _ERROR).rows("SELECT")
    assert len(next(batches)) == len(ROWS)
    with pytest.raises(pymysql.OperationalError, match="Query execution was interrupted"):
        next(batches)


def test_result_that_is_left_closes_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_protocol, "_BATCH_BYTES", 2_000)
    connection = _Results(*map(_row, ROWS), _END)
    batches = connection.rows("SELECT")
    next(batches)
    batches.close()
    assert not connection.open
