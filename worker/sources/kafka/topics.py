"""Topics of a broker: their settings, partitions and offsets. Every method raises KafkaException."""

import time
from collections.abc import Mapping, Sequence

from confluent_kafka import IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ConfigResource,
    NewPartitions,
    OffsetSpec,
)

from core.connection import Connection
from core.errors import ServerError
from core.schema.checks.kafka import LARGEST_MESSAGE
from core.units import MIB

SECONDS = 20.0
"""Timeout of one request; the first after the server's start waits for the controller."""
MESSAGE_OVERHEAD = MIB
"""Bytes: the JSON around a row's largest values, base64, and the batch's own header."""
CREATED: Mapping[str, str] = {
    "cleanup.policy": "delete",
    "max.message.bytes": str(LARGEST_MESSAGE + MESSAGE_OVERHEAD),
    "min.insync.replicas": "1",
    "retention.bytes": "-1",
    "retention.ms": "604800000",
}
"""Settings of a topic that the program creates, since the broker's defaults may lose or refuse messages."""
_PAUSE_SECONDS = 0.05


class Topics:
    """The topics that an admin client reaches."""

    def __init__(self, admin: AdminClient, at: Connection) -> None:
        self.admin = admin
        self._at = at

    def settings(self, kind: str, name: str) -> dict[str, str]:
        """Return the settings of a topic or a broker."""
        return settings_of(self.admin, kind, name)

    def partitions(self, topic: str) -> list[int]:
        """Return all partitions, once each has a leader: the broker shows a new topic a moment after its creation."""
        deadline = time.monotonic() + SECONDS
        while True:
            found = self.admin.list_topics(topic, timeout=SECONDS).topics[topic]
            if found.error is None and all(partition.leader >= 0 for partition in found.partitions.values()):
                return sorted(found.partitions)
            if time.monotonic() > deadline:
                raise KafkaException(found.error or KafkaError(KafkaError.LEADER_NOT_AVAILABLE))
            time.sleep(_PAUSE_SECONDS)

    def grow(self, topic: str, partitions: int) -> None:
        """Give the topic at least this many partitions; another `prepare` may do so at the same time."""
        if len(self.partitions(topic)) < partitions:
            request = self.admin.create_partitions([NewPartitions(topic, partitions)], operation_timeout=SECONDS)
            try:
                request[topic].result()
            except KafkaException:
                if len(self.partitions(topic)) < partitions:
                    raise
        deadline = time.monotonic() + SECONDS
        while len(self.partitions(topic)) < partitions:
            if time.monotonic() > deadline:
                raise ServerError(
                    f"{self._at}: topic {topic!r} was given {partitions} partitions, but shows fewer after {SECONDS:.0f} s; "
                    "see the broker's log"
                )
            time.sleep(_PAUSE_SECONDS)

    def empty(self, topic: str, partitions: Sequence[int]) -> None:
        """Delete all records of the partitions."""
        ends = self.offsets(topic, partitions, OffsetSpec.latest())
        upto = [TopicPartition(topic, partition, offset) for partition, offset in ends.items() if offset]
        if upto:
            for result in self.admin.delete_records(upto, operation_timeout=SECONDS).values():
                result.result()

    def rows(self, topic: str, partitions: Sequence[int]) -> int:
        """Return the number of records between the first and the last offset of the partitions."""
        first = self.offsets(topic, partitions, OffsetSpec.earliest())
        last = self.offsets(topic, partitions, OffsetSpec.latest())
        return sum(last[partition] - first[partition] for partition in partitions)

    def offsets(
        self,
        topic: str,
        partitions: Sequence[int],
        which: OffsetSpec,
        isolation: IsolationLevel = IsolationLevel.READ_UNCOMMITTED,
    ) -> dict[int, int]:
        """Return the earliest or latest offset of each partition."""
        requested = {TopicPartition(topic, partition): which for partition in partitions}
        deadline = time.monotonic() + SECONDS
        while True:
            answers = self.admin.list_offsets(requested, request_timeout=SECONDS, isolation_level=isolation)
            try:
                return {partition.partition: answer.result().offset for partition, answer in answers.items()}
            except KafkaException as error:
                # The broker that leads a new partition is named a moment before it leads.
                if error.args[0].code() != KafkaError.NOT_LEADER_FOR_PARTITION or time.monotonic() > deadline:
                    raise
            time.sleep(_PAUSE_SECONDS)


def settings_of(admin: AdminClient, kind: str, name: str) -> dict[str, str]:
    """Return the settings of a topic or a broker; raise KafkaException."""
    (answer,) = admin.describe_configs([ConfigResource(kind, name)], request_timeout=SECONDS).values()
    return {key: str(entry.value) for key, entry in answer.result().items()}
