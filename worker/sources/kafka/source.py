"""Kafka: a topic per table, an idempotent producer, and partitions that belong to one worker each.

A restarted worker empties its own partitions and loads again, so that each row is stored once. Messages have
the primary key as their key and a JSON object as their value.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
from confluent_kafka import IsolationLevel, KafkaException, Producer
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from core.connection import Connection
from core.errors import ServerError
from core.options import OnExisting
from core.plan import Shard
from core.schema.checks.kafka import LARGEST_MESSAGE
from core.schema.model import Table
from core.stores import INSERT, KAFKA
from worker.sources.base import (
    BaseSource,
    Check,
    Generated,
    KeyRange,
    Returned,
    Scope,
    Sink,
    StoredRows,
    WorkerSlot,
    accept,
)
from worker.sources.kafka import reader
from worker.sources.kafka.connection import configuration
from worker.sources.kafka.errors import ClientErrors, MessageLimits, server_error
from worker.sources.kafka.prepare import LEAST_PARTITIONS, prepare
from worker.sources.kafka.sinks import ProduceOneSink, ProduceSink
from worker.sources.kafka.topics import MESSAGE_OVERHEAD, SECONDS, Topics
from worker.sources.kafka.types import TYPES

_PRODUCER: Mapping[str, Any] = {
    "enable.idempotence": True,
    "acks": "all",
    "compression.type": "lz4",
    # A batch ends with a flush, which does not wait for linger.ms: it only keeps the first message from being sent alone.
    "linger.ms": 5,
    "batch.num.messages": 100_000,
    # Limits the worker's memory; produce waits for room.
    "queue.buffering.max.messages": 100_000,
    "queue.buffering.max.kbytes": 32_768,
    # A message that leaves the queue without an error is acknowledged: a callback per message would cost more than sending.
    "delivery.report.only.error": True,
    "message.timeout.ms": 20_000,
}
_BATCH_BYTES = 1_000_000
_BATCH_OVERHEAD = 200
"""Bytes: a batch's header and its first message's."""
_LEAST_MESSAGE = 1_000
"""The lowest limit that librdkafka accepts."""
_SETTINGS = ("num.partitions", "log.retention.minutes", "log.segment.bytes", "default.replication.factor")


def open_source(connection: Connection, slot: WorkerSlot) -> "Kafka":
    """Return the source of a connection string, not connected yet."""
    return Kafka(connection, slot)


class Kafka(BaseSource):
    """One admin client, and one producer for each message limit of a topic."""

    capabilities = KAFKA
    types = TYPES

    def __init__(self, connection: Connection, slot: WorkerSlot) -> None:
        self._at = connection
        self._slot = slot
        self._errors = ClientErrors(connection)
        self._configuration = configuration(connection, self._errors)
        self._connected: Topics | None = None
        self._producers: dict[int, Producer] = {}

    @contextmanager
    def translate_errors(self) -> Iterator[None]:
        """Raise ServerError in place of the driver's errors."""
        try:
            yield
        except KafkaException as error:
            raise server_error(error.args[0], self._at, self._errors) from error

    def connect(self) -> None:
        """Try once to connect."""
        admin = AdminClient(self._configuration)
        self._connected = Topics(admin, self._at)
        self._errors.await_answer(admin)

    def prepare(self, tables: Sequence[Table], on_existing: OnExisting, check: Check = accept) -> Sequence[str]:  # noqa: ARG002
        """Create the topics, with at least one partition per worker."""
        prepare(self._topics, self._at, tables, on_existing, self._run_partitions)
        return ()

    @contextmanager
    def sink(self, table: Table, shard: Shard, method: str) -> Iterator[Sink[Any]]:  # noqa: ARG002
        """Yield a sink for pipelined messages, or for one message at a time."""
        make = ProduceOneSink if method == INSERT else ProduceSink
        limits = self._limits(table.name)
        yield make(self._producer_of(limits), table, self._own_partitions(table.name), self._errors, limits)

    def remove(self, table: Table, keys: KeyRange | pa.Array) -> None:  # noqa: ARG002
        """Delete all messages in this worker's partitions: those with these keys, and the others of the same shard."""
        self._topics.empty(table.name, self._own_partitions(table.name))

    def count(self, table: Table) -> int:
        """Return the number of records in all partitions, by their offsets."""
        return self._topics.rows(table.name, self._topics.partitions(table.name))

    def read(self, table: Table, scope: Scope) -> Iterator[pa.RecordBatch]:
        """Yield the records of this worker's partitions (and of those without a worker, for unowned rows), or of all."""
        for messages in self._messages(table, scope):
            yield messages.parsed()

    def compare(self, table: Table, scope: Scope, generated: Generated) -> Iterator[Returned]:  # noqa: ARG002
        """Yield the same records as keys and values in bytes."""
        yield from self._messages(table, scope)

    def _messages(self, table: Table, scope: Scope) -> Iterator[StoredRows]:
        topics = self._topics
        partitions = topics.partitions(table.name)
        if scope.exclusive_storage:
            unowned = partitions[: -self._run_partitions] if scope.checks_unowned_rows else []
            partitions = [*unowned, *self._own_partitions(table.name)]
        first = topics.offsets(table.name, partitions, OffsetSpec.earliest())
        last = topics.offsets(table.name, partitions, OffsetSpec.latest(), IsolationLevel.READ_COMMITTED)
        spans = {partition: (first[partition], last[partition]) for partition in partitions}
        yield from reader.read(self._configuration, table, spans)

    def settings(self) -> Mapping[str, str]:
        """Return the broker's settings that affect a load, and the producer's."""
        refused: dict[str, str] = {}
        found = self.readable("broker settings", self._broker_settings, refused)
        producer = {
            name: str(_PRODUCER[name]) for name in ("acks", "compression.type", "linger.ms", "enable.idempotence")
        }
        return {**{name: found[name] for name in _SETTINGS if name in found}, **producer, **refused}

    def _broker_settings(self) -> Mapping[str, str]:
        broker = next(iter(self._topics.admin.list_topics(timeout=SECONDS).brokers))
        return self._topics.settings("broker", str(broker))

    def close(self) -> None:
        """Release the clients; drop messages that are not acknowledged."""
        for producer in self._producers.values():
            producer.purge()
            producer.flush(1)
        self._producers, self._connected = {}, None

    def _limits(self, topic: str) -> MessageLimits:
        most = int(self._topics.settings("topic", topic)["max.message.bytes"])
        return MessageLimits(min(max(most, _LEAST_MESSAGE), LARGEST_MESSAGE + MESSAGE_OVERHEAD), most)

    def _producer_of(self, limits: MessageLimits) -> Producer:
        """Return a producer with the topic's limits: the broker refuses every message of a batch that exceeds them."""
        if limits.topic not in self._producers:
            sizes = {
                "message.max.bytes": limits.client,
                "batch.size": max(min(_BATCH_BYTES, limits.topic - _BATCH_OVERHEAD), 1),
            }
            self._producers[limits.topic] = Producer({**self._configuration, **_PRODUCER, **sizes})
        return self._producers[limits.topic]

    @property
    def _run_partitions(self) -> int:
        return max(LEAST_PARTITIONS, self._slot.workers)

    def _own_partitions(self, topic: str) -> list[int]:
        """Return this worker's share of the run's partitions, which are the topic's last."""
        own = self._topics.partitions(topic)[-self._run_partitions :]
        return own[self._slot.index :: self._slot.workers]

    @property
    def _topics(self) -> Topics:
        if self._connected is None:
            raise ServerError(f"{self._at}: not connected", transient=True)
        return self._connected
