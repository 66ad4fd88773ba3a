"""Kafka: a topic per table, an idempotent producer, and partitions that belong to one worker each.

A worker that is started again empties its own partitions and loads again, so that its rows are there once. Messages have
the primary key as their key and a JSON object as their value.
"""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
from confluent_kafka import IsolationLevel, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    TopicDescription,
)

from core.connection import Connection
from core.errors import PlanError, ServerError
from core.plan import OnExisting, Shard
from core.schema.checks.kafka import LARGEST_MESSAGE
from core.schema.model import Column, Table
from core.stores import INSERT, KAFKA
from worker.sources.base import Fingerprint, KeyRange, Scope, Sink, WorkerSlot
from worker.sources.existing import in_the_way, not_to_be_touched
from worker.sources.kafka import reader
from worker.sources.kafka.connection import configuration
from worker.sources.kafka.errors import TOPIC_ALREADY_EXISTS, Refusals, server_error
from worker.sources.kafka.existing import (
    AROUND_A_MESSAGE,
    CREATED,
    SECONDS,
    creation_complaints,
    described,
    settings_of,
    topic_complaints,
)
from worker.sources.kafka.sinks import ProduceOneSink, ProduceSink
from worker.sources.server_settings import readable

LEAST_PARTITIONS = 4
_PAUSE_SECONDS = 0.05
_PRODUCER: Mapping[str, Any] = {
    "enable.idempotence": True,
    "acks": "all",
    "compression.type": "lz4",
    # A batch ends with a flush, which waits for no linger: it only keeps the first message from going alone.
    "linger.ms": 5,
    "batch.num.messages": 100_000,
    # Bounds the worker's memory; produce waits for room.
    "queue.buffering.max.messages": 100_000,
    "queue.buffering.max.kbytes": 32_768,
    # Acknowledged is what left the queue without an error: a callback a message would cost more than sending it.
    "delivery.report.only.error": True,
    "message.timeout.ms": 20_000,
}
_BATCH_BYTES = 1_000_000
_AROUND_A_BATCH = 200
"""Bytes: a batch's header and its first message's."""
_LEAST_MESSAGE = 1_000
"""The lowest limit that librdkafka takes."""
_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
_SETTINGS = ("num.partitions", "log.retention.minutes", "log.segment.bytes", "default.replication.factor")


def _check_name(topic: str) -> None:
    """What the broker would refuse, said before it is asked, and with a remedy."""
    if not _TOPIC.fullmatch(topic) or topic in (".", ".."):
        raise PlanError(
            f"source: 'kafka' has topics of letters, digits, '.', '_' and '-', 249 at most, and the schema has the table "
            f"{topic[:40]!r}; rename it"
        )


def open_source(connection: Connection, slot: WorkerSlot) -> "Kafka":
    """The source of a connection string, not connected yet."""
    return Kafka(connection, slot)


class Kafka:
    """One admin client, and one producer once a shard is loaded."""

    capabilities = KAFKA

    def __init__(self, connection: Connection, slot: WorkerSlot) -> None:
        self._at = connection
        self._slot = slot
        self._refusals = Refusals(connection)
        self._configuration = configuration(connection, self._refusals)
        self._admin: AdminClient | None = None
        self._producers: dict[int, Producer] = {}

    def connect(self) -> None:
        """One try; raises ServerError, transient unless the server answered with a refusal that stays."""
        with self._named():
            self._admin = AdminClient(self._configuration)
            self._refusals.await_answer(self._admin)

    def prepare(self, tables: Sequence[Table], on_existing: OnExisting) -> Sequence[str]:
        """Make the topics, with a partition a worker or more; every step says what is to be, not what to add."""
        for table in tables:
            _check_name(table.name)
        with self._named():
            there, hidden = described(self._server, [table.name for table in tables])
            complaints = {
                table.name: list(self._complaints(table, there)) for table in tables if table.name not in hidden
            }
            for topic in hidden:
                complaints[topic] = [
                    "the user may not look for it; grant DESCRIBE on the topic, and CREATE if it is new"
                ]
            if any(complaints.values()):
                raise in_the_way("topic", self._at, complaints, there)
            if there and on_existing is OnExisting.FAIL:
                raise not_to_be_touched("topic", next(table.name for table in tables if table.name in there), self._at)
            for table in tables:
                if table.name in there or not self._created(table.name):
                    self._take_over(table.name, on_existing)
                self._grow(table.name, self._wanted_partitions)
        return ()

    def _complaints(self, table: Table, there: Mapping[str, TopicDescription]) -> Iterator[str]:
        if table.name in there:
            return topic_complaints(self._server, there[table.name], table, self._wanted_partitions)
        return creation_complaints(self._server, self._new(table.name))

    def _new(self, topic: str) -> NewTopic:
        return NewTopic(topic, num_partitions=self._wanted_partitions, replication_factor=-1, config=dict(CREATED))

    def _created(self, topic: str) -> bool:
        """Whether the topic was made here; False where another `prepare` was faster."""
        try:
            self._server.create_topics([self._new(topic)], operation_timeout=SECONDS)[topic].result()
        except KafkaException as error:
            if error.args[0].code() == TOPIC_ALREADY_EXISTS:
                return False
            raise
        return True

    def _take_over(self, topic: str, on_existing: OnExisting) -> None:
        if on_existing is OnExisting.FAIL:
            raise not_to_be_touched("topic", topic, self._at)
        partitions = self._partitions(topic)
        if on_existing is OnExisting.EMPTY:
            self._empty(topic, partitions)
        elif self._rows(topic, partitions[-self._wanted_partitions :]):
            # Rows of other runs are not to be touched by a redo of this one: it gets partitions of its own.
            self._grow(topic, len(partitions) + self._wanted_partitions)

    @contextmanager
    def sink(self, table: Table, shard: Shard, method: str) -> Iterator[Sink[Any]]:  # noqa: ARG002
        """Pipelined messages, or one at a time."""
        with self._named():
            make = ProduceOneSink if method == INSERT else ProduceSink
            yield make(self._producer_of(table.name), table, self._own(table.name), self._refusals)

    def _producer_of(self, topic: str) -> Producer:
        """Return a producer whose limits are the topic's: a batch is refused as a whole where it is larger."""
        most = int(settings_of(self._server, "topic", topic)["max.message.bytes"])
        if most not in self._producers:
            sizes = {
                "message.max.bytes": min(max(most, _LEAST_MESSAGE), LARGEST_MESSAGE + AROUND_A_MESSAGE),
                "batch.size": max(min(_BATCH_BYTES, most - _AROUND_A_BATCH), 1),
            }
            self._producers[most] = Producer({**self._configuration, **_PRODUCER, **sizes})
        return self._producers[most]

    def remove(self, table: Table, keys: KeyRange | pa.Array) -> None:  # noqa: ARG002
        """Empty this worker's partitions of the topic: they hold these keys and others of the same shard."""
        with self._named():
            self._empty(table.name, self._own(table.name))

    def count(self, table: Table) -> int:
        """From the first offset to the one behind the last, over all partitions."""
        with self._named():
            return self._rows(table.name, self._partitions(table.name))

    def read(self, table: Table, scope: Scope) -> Iterator[pa.RecordBatch]:
        """This worker's partitions, and by the one that leads those that no worker has; or all of them."""
        with self._named():
            partitions = self._partitions(table.name)
            if scope.exclusive_storage:
                nobodys = partitions[: -self._wanted_partitions] if scope.checks_unowned_rows else []
                partitions = [*nobodys, *self._own(table.name)]
            first = self._offsets(table.name, partitions, OffsetSpec.earliest())
            last = self._offsets(table.name, partitions, OffsetSpec.latest(), IsolationLevel.READ_COMMITTED)
            spans = {partition: (first[partition], last[partition]) for partition in partitions}
            yield from reader.read(self._configuration, table, spans)

    def as_stored(self, column: Column, values: pa.Array) -> pa.Array:  # noqa: ARG002
        """The values themselves: their JSON has every digit."""
        return values

    def fingerprint(self, table: Table, scope: Scope) -> Fingerprint | None:  # noqa: ARG002
        """None: a broker adds nothing up."""
        return None

    def settings(self) -> Mapping[str, str]:
        """The broker's settings that bear on a load, and the producer's."""
        refused: dict[str, str] = {}
        found = readable("broker settings", self._broker_settings, refused)
        ours = {name: str(_PRODUCER[name]) for name in ("acks", "compression.type", "linger.ms", "enable.idempotence")}
        return {**{name: found[name] for name in _SETTINGS if name in found}, **ours, **refused}

    def _broker_settings(self) -> Mapping[str, str]:
        with self._named():
            broker = next(iter(self._server.list_topics(timeout=SECONDS).brokers))
            return settings_of(self._server, "broker", str(broker))

    def close(self) -> None:
        """What was not acknowledged is forgotten."""
        for producer in self._producers.values():
            producer.purge()
            producer.flush(1)
        self._producers, self._admin = {}, None

    @property
    def _wanted_partitions(self) -> int:
        return max(LEAST_PARTITIONS, self._slot.workers)

    def _own(self, topic: str) -> list[int]:
        """This worker's share of the run's partitions, which are the topic's last."""
        own = self._partitions(topic)[-self._wanted_partitions :]
        return own[self._slot.index :: self._slot.workers]

    def _partitions(self, topic: str) -> list[int]:
        """All of them, once each has a leader: a topic that was just made is known a moment later."""
        deadline = time.monotonic() + SECONDS
        while True:
            found = self._server.list_topics(topic, timeout=SECONDS).topics[topic]
            if found.error is None and all(partition.leader >= 0 for partition in found.partitions.values()):
                return sorted(found.partitions)
            if time.monotonic() > deadline:
                raise KafkaException(found.error or KafkaError(KafkaError.LEADER_NOT_AVAILABLE))
            time.sleep(_PAUSE_SECONDS)

    def _grow(self, topic: str, partitions: int) -> None:
        """Give the topic so many partitions; that it has them already, by another `prepare`, is as good."""
        if len(self._partitions(topic)) < partitions:
            request = self._server.create_partitions([NewPartitions(topic, partitions)], operation_timeout=SECONDS)
            try:
                request[topic].result()
            except KafkaException:
                if len(self._partitions(topic)) < partitions:
                    raise
        deadline = time.monotonic() + SECONDS
        while len(self._partitions(topic)) < partitions:
            if time.monotonic() > deadline:
                raise ServerError(
                    f"{self._at}: topic {topic!r} was given {partitions} partitions, and shows fewer after {SECONDS:.0f} s; "
                    "see the broker's log"
                )
            time.sleep(_PAUSE_SECONDS)

    def _empty(self, topic: str, partitions: Sequence[int]) -> None:
        ends = self._offsets(topic, partitions, OffsetSpec.latest())
        upto = [TopicPartition(topic, partition, offset) for partition, offset in ends.items() if offset]
        if upto:
            for result in self._server.delete_records(upto, operation_timeout=SECONDS).values():
                result.result()

    def _rows(self, topic: str, partitions: Sequence[int]) -> int:
        first = self._offsets(topic, partitions, OffsetSpec.earliest())
        last = self._offsets(topic, partitions, OffsetSpec.latest())
        return sum(last[partition] - first[partition] for partition in partitions)

    def _offsets(
        self,
        topic: str,
        partitions: Sequence[int],
        which: OffsetSpec,
        isolation: IsolationLevel = IsolationLevel.READ_UNCOMMITTED,
    ) -> dict[int, int]:
        asked = {TopicPartition(topic, partition): which for partition in partitions}
        deadline = time.monotonic() + SECONDS
        while True:
            answers = self._server.list_offsets(asked, request_timeout=SECONDS, isolation_level=isolation)
            try:
                return {partition.partition: answer.result().offset for partition, answer in answers.items()}
            except KafkaException as error:
                # The broker that leads a new partition is known a moment before it leads.
                if error.args[0].code() != KafkaError.NOT_LEADER_FOR_PARTITION or time.monotonic() > deadline:
                    raise
            time.sleep(_PAUSE_SECONDS)

    @property
    def _server(self) -> AdminClient:
        if self._admin is None:
            raise ServerError(f"{self._at}: not connected", transient=True)
        return self._admin

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Turn the driver's errors into ours, with the place and a remedy."""
        try:
            yield
        except KafkaException as error:
            raise server_error(error.args[0], self._at, self._refusals) from error
