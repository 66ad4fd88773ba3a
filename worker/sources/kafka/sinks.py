"""Load a topic with messages that are encoded in whole columns and produced without a Python callback for each."""

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import pyarrow as pa
from confluent_kafka import KafkaException, Producer

from core.schema.model import Table
from worker.encode.by_row import NdjsonByRow
from worker.encode.encoder import KeyEncoder
from worker.encode.json_text import NdjsonEncoder
from worker.encode.rows import Rows
from worker.sources.base import BatchReceipt
from worker.sources.kafka.errors import ClientErrors, MessageLimits

_ROOM_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Messages:
    """Keys, and values that end in a line feed, which is not part of the message."""

    keys: Rows
    values: Rows

    def __len__(self) -> int:
        return len(self.keys)

    def part(self, first: int, stop: int) -> Self:
        """Return the messages `[first, stop)`."""
        return type(self)(self.keys.part(first, stop), self.values.part(first, stop))

    def pairs(self) -> Iterator[tuple[bytes, bytes]]:
        """Return the key and value of each message."""
        return zip(self.keys.cut(), self.values.cut(terminator=1), strict=True)

    @property
    def nbytes(self) -> int:
        """Return the bytes of keys and values, before compression."""
        return self.keys.nbytes + self.values.nbytes - len(self)


class ProduceSink:
    """Sends one message per row. A batch ends when its last message is acknowledged."""

    def __init__(
        self, producer: Producer, table: Table, partitions: Sequence[int], errors: ClientErrors, limits: MessageLimits
    ) -> None:
        self._producer = producer
        self._limits = limits
        self._topic = table.name
        self._partitions = itertools.cycle(partitions)
        self._errors = errors
        self._keys = KeyEncoder(table)
        self._values = NdjsonEncoder(table)

    def encode(self, batch: pa.RecordBatch) -> Messages:
        """Return keys as text and values as JSON."""
        return Messages(self._keys.encode(batch), self._values.encode(batch))

    def send(self, pieces: Iterator[Messages]) -> BatchReceipt:
        """Send each piece to one partition and take the partitions in turn, which makes record batches large."""
        sent = 0
        for piece in pieces:
            self._produce(piece, next(self._partitions))
            sent += piece.nbytes
        started = time.perf_counter()
        self._await_acknowledgement()
        return BatchReceipt(sent, time.perf_counter() - started)

    def _produce(self, messages: Messages, partition: int) -> None:
        produce, topic, failed = self._producer.produce, self._topic, self._errors.record_undelivered
        for key, value in messages.pairs():
            try:
                produce(topic, value, key, partition, failed)
            except BufferError:
                self._produce_when_possible(value, key, partition)
            except KafkaException as error:
                raise self._errors.refused(error.args[0], len(key) + len(value), self._limits) from error

    def _produce_when_possible(self, value: bytes, key: bytes, partition: int) -> None:
        while True:
            self._producer.poll(_ROOM_SECONDS)
            self._errors.raise_undelivered()
            try:
                self._producer.produce(self._topic, value, key, partition, self._errors.record_undelivered)
            except BufferError:
                continue
            return

    def _await_acknowledgement(self) -> None:
        """Wait until every message is acknowledged; raise ServerError for one that is not."""
        while self._producer.flush(1):
            self._errors.raise_undelivered()
        self._errors.raise_undelivered()


class ProduceOneSink(ProduceSink):
    """Sends one message at a time, each acknowledged before the next."""

    def __init__(
        self, producer: Producer, table: Table, partitions: Sequence[int], errors: ClientErrors, limits: MessageLimits
    ) -> None:
        super().__init__(producer, table, partitions, errors, limits)
        self._by_row = NdjsonByRow(table)

    def encode(self, batch: pa.RecordBatch) -> Messages:
        """Return values that are encoded one by one."""
        return Messages(self._keys.encode(batch), self._by_row.encode(batch))

    def _produce(self, messages: Messages, partition: int) -> None:
        for one in range(len(messages)):
            super()._produce(messages.part(one, one + 1), partition)
            self._await_acknowledgement()
