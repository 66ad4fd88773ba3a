"""Loading a topic: messages whose bytes are made in whole columns, produced without a Python call back for each."""

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import pyarrow as pa
from confluent_kafka import Producer

from core.schema.model import Table
from worker.encode.by_row import NdjsonByRow
from worker.encode.encoder import KeyEncoder
from worker.encode.json_text import NdjsonEncoder
from worker.encode.rows import Rows
from worker.sources.base import BatchReceipt
from worker.sources.kafka.errors import Refusals

_ROOM_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Messages:
    """Keys, and values that end in a line feed which no message has."""

    keys: Rows
    values: Rows

    def __len__(self) -> int:
        return len(self.keys)

    def part(self, first: int, stop: int) -> Self:
        """The messages from `first` to before `stop`."""
        return type(self)(self.keys.part(first, stop), self.values.part(first, stop))

    def pairs(self) -> Iterator[tuple[bytes, bytes]]:
        """Key and value of each."""
        return zip(self.keys.cut(), self.values.cut(terminator=1), strict=True)

    @property
    def nbytes(self) -> int:
        """Bytes of keys and values, before compression."""
        return self.keys.nbytes + self.values.nbytes - len(self)


class ProduceSink:
    """A batch is as many messages as rows, and ends when the last of them is acknowledged."""

    def __init__(self, producer: Producer, table: Table, partitions: Sequence[int], refusals: Refusals) -> None:
        self._producer = producer
        self._topic = table.name
        self._partitions = itertools.cycle(partitions)
        self._refusals = refusals
        self._keys = KeyEncoder(table)
        self._values = NdjsonEncoder(table)

    def encode(self, batch: pa.RecordBatch) -> Messages:
        """Keys as text, values as JSON."""
        return Messages(self._keys.encode(batch), self._values.encode(batch))

    def send(self, pieces: Iterator[Messages]) -> BatchReceipt:
        """A piece goes to one partition, the next piece to the next: large record batches, and all partitions alike."""
        sent = 0
        for piece in pieces:
            self._produce(piece, next(self._partitions))
            sent += piece.nbytes
        started = time.perf_counter()
        self._acknowledged()
        return BatchReceipt(sent, time.perf_counter() - started)

    def _produce(self, messages: Messages, partition: int) -> None:
        produce, topic, failed = self._producer.produce, self._topic, self._refusals.undelivered
        for key, value in messages.pairs():
            try:
                produce(topic, value, key, partition, failed)
            except BufferError:
                self._when_there_is_room(value, key, partition)

    def _when_there_is_room(self, value: bytes, key: bytes, partition: int) -> None:
        while True:
            self._producer.poll(_ROOM_SECONDS)
            self._refusals.raise_undelivered()
            try:
                self._producer.produce(self._topic, value, key, partition, self._refusals.undelivered)
            except BufferError:
                continue
            return

    def _acknowledged(self) -> None:
        """Every message either is acknowledged in time or is reported as an error."""
        while self._producer.flush(1):
            self._refusals.raise_undelivered()
        self._refusals.raise_undelivered()


class ProduceOneSink(ProduceSink):
    """A message at a time, each acknowledged before the next."""

    def __init__(self, producer: Producer, table: Table, partitions: Sequence[int], refusals: Refusals) -> None:
        super().__init__(producer, table, partitions, refusals)
        self._by_row = NdjsonByRow(table)

    def encode(self, batch: pa.RecordBatch) -> Messages:
        """Values made one by one."""
        return Messages(self._keys.encode(batch), self._by_row.encode(batch))

    def _produce(self, messages: Messages, partition: int) -> None:
        for one in range(len(messages)):
            super()._produce(messages.part(one, one + 1), partition)
            self._acknowledged()
