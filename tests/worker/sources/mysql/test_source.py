"""Packets that the driver sends, with a scripted server."""

import pymysql
import pytest

from worker.sources.mysql.connection import Loaded, RowConnection

_ASKS_FOR_A_FILE = b"\xfb/etc/passwd"
_OK = b"\x00" + b"\xfc\x39\x30" + b"\x00" + b"\x02\x00" + b"\x07\x00"
"""An OK packet: 12,345 rows, no insert id, autocommit, seven warnings (dev.mysql.com, page_protocol_basic_ok_packet)."""
_ERROR = b"\xff" + (1114).to_bytes(2, "little") + b"#HY000The table is full"


class Scripted(RowConnection):
    """A connection to a scripted server."""

    def __init__(self, *said: tuple[int, bytes]) -> None:
        super().__init__(defer_connect=True)
        self._sock, self._current_timeout = object(), None
        self._answers = b"".join(len(text).to_bytes(3, "little") + bytes([number]) + text for number, text in said)
        self.written = bytearray()

    def _write_bytes(self, data: bytes) -> None:
        self.written += data

    def _read_bytes(self, count: int) -> bytes:
        answer, self._answers = self._answers[:count], self._answers[count:]
        return answer

    def _force_close(self) -> None:
        self._sock = None

    def packets(self) -> list[tuple[int, bytes]]:
        """Return the sequence number and payload of each packet (dev.mysql.com, page_protocol_basic_packets)."""
        found, place = [], 0
        while place < len(self.written):
            size = int.from_bytes(self.written[place : place + 3], "little")
            found.append((self.written[place + 3], bytes(self.written[place + 4 : place + 4 + size])))
            place += 4 + size
        return found


def test_load_data_sends_large_packets_and_an_empty_one() -> None:
    connection = Scripted((1, _ASKS_FOR_A_FILE), (6, _OK))
    rows = bytes(range(256)) * (148 * 4)
    assert connection.load("LOAD", memoryview(rows)) == Loaded(rows=12_345, warnings=7)
    (_, query), *parts = connection.packets()
    assert query == b"\x03LOAD"
    assert b"".join(payload for _, payload in parts) == rows
    assert [(number, len(payload) // 1024) for number, payload in parts] == [(2, 64), (3, 64), (4, 20), (5, 0)]


def test_load_data_without_rows_sends_an_empty_packet() -> None:
    connection = Scripted((1, _ASKS_FOR_A_FILE), (3, _OK))
    connection.load("LOAD", memoryview(b""))
    assert [payload for _, payload in connection.packets()] == [b"\x03LOAD", b""]


def test_load_data_raises_refusal_of_server() -> None:
    with pytest.raises(pymysql.OperationalError, match="The table is full"):
        Scripted((1, _ASKS_FOR_A_FILE), (3, _ERROR)).load("LOAD", memoryview(b""))
    with pytest.raises(pymysql.OperationalError, match="did not ask for the rows"):
        Scripted((1, _OK)).load("LOAD", memoryview(b"rows"))


def test_load_data_does_not_send_requested_file() -> None:
    connection = Scripted((1, _ASKS_FOR_A_FILE))
    with pytest.raises(RuntimeError, match="local_infile option is false"):
        connection.query("SELECT 1")
    assert [payload for _, payload in connection.packets()] == [b"\x03SELECT 1"]
