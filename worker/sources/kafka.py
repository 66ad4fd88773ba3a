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
from confluent_kafka import KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
)

from spec.connection import Connection
from spec.errors import PlanError, ServerError
from spec.plan import OnExisting, Shard
from spec.schema import Column, Table
from spec.sources import INSERT, KAFKA
from worker.sources import kafka_read
from worker.sources.base import Fingerprint, KeyRange, Scope, Seat, Sink
from worker.sources.existing import in_another_shape, not_to_be_touched
from worker.sources.kafka_connection import configuration
from worker.sources.kafka_errors import TOPIC_ALREADY_EXISTS, Refusals, server_error
from worker.sources.kafka_sinks import ProduceOneSink, ProduceSink

LEAST_PARTITIONS = 4
_SECONDS = 20.0
"""How long one request may take; the first after a start waits for the controller."""
_PAUSE_SECONDS = 0.05
_PRODUCER: Mapping[str, Any] = {
    "enable.idempotence": True,
    "acks": "all",
    "compression.type": "lz4",
    # A batch ends with a flush, which waits for no linger: it only keeps the first message from going alone.
    "linger.ms": 5,
    "batch.size": 1_000_000,
    "batch.num.messages": 100_000,
    # Bounds the worker's memory; produce waits for room.
    "queue.buffering.max.messages": 100_000,
    "queue.buffering.max.kbytes": 32_768,
    # Acknowledged is what left the queue without an error: a callback a message would cost more than sending it.
    "delivery.report.only.error": True,
    "message.timeout.ms": 20_000,
}
_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
_SETTINGS = ("num.partitions", "log.retention.minutes", "log.segment.bytes", "default.replication.factor")


def _check_name(topic: str) -> None:
    """What the broker would refuse, said before it is asked, and with a remedy."""
    if not _TOPIC.fullmatch(topic) or topic in (".", ".."):
        raise PlanError(
            f"source: 'kafka' has topics of letters, digits, '.', '_' and '-', 249 at most, and the schema has the table "
            f"{topic[:40]!r}; rename it"
        )


def open_source(connection: Connection, seat: Seat) -> "Kafka":
    """The source of a connection string, not connected yet."""
    return Kafka(connection, seat)


class Kafka:
    """One admin client, and one producer once a shard is loaded."""

    capabilities = KAFKA

    def __init__(self, connection: Connection, seat: Seat) -> None:
        self._at = connection
        self._seat = seat
        self._refusals = Refusals(connection)
        self._configuration = configuration(connection, self._refusals)
        self._admin: AdminClient | None = None
        self._producer: Producer | None = None

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
            for table in tables:
                if not self._created(table.name):
                    self._take_over(table.name, on_existing)
                self._grow(table.name, self._wanted_partitions)
        return ()

    def _created(self, topic: str) -> bool:
        """Whether the topic was made here; False where it is there."""
        new = NewTopic(topic, num_partitions=self._wanted_partitions, replication_factor=-1)
        try:
            self._server.create_topics([new], operation_timeout=_SECONDS)[topic].result()
        except KafkaException as error:
            if error.args[0].code() == TOPIC_ALREADY_EXISTS:
                return False
            raise
        return True

    def _take_over(self, topic: str, on_existing: OnExisting) -> None:
        policy = self._settings_of("topic", topic)["cleanup.policy"]
        if policy != "delete":
            raise in_another_shape("topic", topic, self._at, f"cleanup.policy={policy}")
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
            if self._producer is None:
                self._producer = Producer({**self._configuration, **_PRODUCER})
            make = ProduceOneSink if method == INSERT else ProduceSink
            yield make(self._producer, table, self._own(table.name), self._refusals)

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
            if scope.apart:
                nobodys = partitions[: -self._wanted_partitions] if scope.leads else []
                partitions = [*nobodys, *self._own(table.name)]
            first = self._offsets(table.name, partitions, OffsetSpec.earliest())
            last = self._offsets(table.name, partitions, OffsetSpec.latest())
            spans = {partition: (first[partition], last[partition]) for partition in partitions}
            yield from kafka_read.read(self._configuration, table, spans)

    def held(self, column: Column, values: pa.Array) -> pa.Array:  # noqa: ARG002
        """The values themselves: their JSON has every digit."""
        return values

    def fingerprint(self, table: Table, scope: Scope) -> Fingerprint | None:  # noqa: ARG002
        """None: a broker adds nothing up."""
        return None

    def settings(self) -> Mapping[str, str]:
        """The broker's settings that bear on a load, and the producer's."""
        with self._named():
            broker = next(iter(self._server.list_topics(timeout=_SECONDS).brokers))
            found = self._settings_of("broker", str(broker))
        ours = {name: str(_PRODUCER[name]) for name in ("acks", "compression.type", "linger.ms", "enable.idempotence")}
        return {**{name: found[name] for name in _SETTINGS if name in found}, **ours}

    def close(self) -> None:
        """What was not acknowledged is forgotten."""
        if self._producer is not None:
            self._producer.purge()
            self._producer.flush(1)
        self._producer = self._admin = None

    @property
    def _wanted_partitions(self) -> int:
        return max(LEAST_PARTITIONS, self._seat.workers)

    def _own(self, topic: str) -> list[int]:
        """This worker's share of the run's partitions, which are the topic's last."""
        own = self._partitions(topic)[-self._wanted_partitions :]
        return own[self._seat.index :: self._seat.workers]

    def _partitions(self, topic: str) -> list[int]:
        """All of them, once each has a leader: a topic that was just made is known a moment later."""
        deadline = time.monotonic() + _SECONDS
        while True:
            found = self._server.list_topics(topic, timeout=_SECONDS).topics[topic]
            if found.error is None and all(partition.leader >= 0 for partition in found.partitions.values()):
                return sorted(found.partitions)
            if time.monotonic() > deadline:
                raise KafkaException(found.error or KafkaError(KafkaError.LEADER_NOT_AVAILABLE))
            time.sleep(_PAUSE_SECONDS)

    def _grow(self, topic: str, partitions: int) -> None:
        """Give the topic so many partitions; that it has them already, by another `prepare`, is as good."""
        if len(self._partitions(topic)) < partitions:
            request = self._server.create_partitions([NewPartitions(topic, partitions)], operation_timeout=_SECONDS)
            try:
                request[topic].result()
            except KafkaException:
                if len(self._partitions(topic)) < partitions:
                    raise
        deadline = time.monotonic() + _SECONDS
        while len(self._partitions(topic)) < partitions:
            if time.monotonic() > deadline:
                raise ServerError(
                    f"{self._at}: topic {topic!r} was given {partitions} partitions, and shows fewer after {_SECONDS:.0f} s; "
                    "see the broker's log"
                )
            time.sleep(_PAUSE_SECONDS)

    def _empty(self, topic: str, partitions: Sequence[int]) -> None:
        ends = self._offsets(topic, partitions, OffsetSpec.latest())
        upto = [TopicPartition(topic, partition, offset) for partition, offset in ends.items() if offset]
        if upto:
            for result in self._server.delete_records(upto, operation_timeout=_SECONDS).values():
                result.result()

    def _rows(self, topic: str, partitions: Sequence[int]) -> int:
        first = self._offsets(topic, partitions, OffsetSpec.earliest())
        last = self._offsets(topic, partitions, OffsetSpec.latest())
        return sum(last[partition] - first[partition] for partition in partitions)

    def _offsets(self, topic: str, partitions: Sequence[int], which: OffsetSpec) -> dict[int, int]:
        asked = {TopicPartition(topic, partition): which for partition in partitions}
        answers = self._server.list_offsets(asked, request_timeout=_SECONDS)
        return {partition.partition: answer.result().offset for partition, answer in answers.items()}

    def _settings_of(self, kind: str, name: str) -> dict[str, str]:
        resource = ConfigResource(kind, name)
        (answer,) = self._server.describe_configs([resource], request_timeout=_SECONDS).values()
        return {key: str(entry.value) for key, entry in answer.result().items()}

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
