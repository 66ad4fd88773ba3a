"""How rows leave the driver: what a server has to be slow to show."""

from itertools import pairwise

from worker.sources.mysql_connection import RowConnection


class Recorded(RowConnection):
    """A connection whose bytes go nowhere."""

    open = True

    def __init__(self) -> None:
        super().__init__(defer_connect=True)
        self._next_seq_id = 0
        self.written = bytearray()

    def _write_bytes(self, data: bytes) -> None:
        self.written += data

    def packets(self) -> list[tuple[int, bytes]]:
        """Sequence number and payload of each (dev.mysql.com, page_protocol_basic_packets)."""
        found, place = [], 0
        while place < len(self.written):
            size = int.from_bytes(self.written[place : place + 3], "little")
            found.append((self.written[place + 3], bytes(self.written[place + 4 : place + 4 + size])))
            place += 4 + size
        return found


def test_a_file_goes_in_large_packets_and_an_empty_one() -> None:
    connection = Recorded()
    pieces = [bytes([number]) * 16 * 1024 for number in range(37)]
    with connection.gathering():
        for piece in [*pieces, b""]:
            connection.write_packet(piece)
    packets = connection.packets()
    assert b"".join(payload for _, payload in packets) == b"".join(pieces)
    assert [len(payload) // 1024 for _, payload in packets] == [256, 256, 80, 0]
    assert all(later == earlier + 1 for (earlier, _), (later, _) in pairwise(packets))


def test_an_empty_file_is_an_empty_packet() -> None:
    connection = Recorded()
    with connection.gathering():
        connection.write_packet(b"")
    connection.write_packet(b"a query")
    assert [payload for _, payload in connection.packets()] == [b"", b"a query"]
