"""Kafka's prepare: inspect every topic of the run, raise all complaints at once, then create, empty or grow topics."""

import re
from collections.abc import Iterator, Mapping, Sequence

from confluent_kafka import KafkaException
from confluent_kafka.admin import NewTopic, TopicDescription  # type: ignore[attr-defined]

from core.connection import Connection
from core.errors import PlanError
from core.options import OnExisting
from core.schema.model import Table
from worker.sources.kafka.errors import TOPIC_ALREADY_EXISTS
from worker.sources.kafka.existing import creation_complaints, describe_topics, topic_complaints
from worker.sources.kafka.topics import CREATED, SECONDS, Topics
from worker.sources.server_messages import exists_error, shape_error_of

LEAST_PARTITIONS = 4
_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")


def prepare(topics: Topics, at: Connection, tables: Sequence[Table], on_existing: OnExisting, partitions: int) -> None:
    """Create the topics with at least `partitions` partitions; each step can be repeated."""
    for table in tables:
        _check_name(table.name)
    existing, hidden = describe_topics(topics.admin, [table.name for table in tables])
    complaints = {
        table.name: list(_complaints(topics, table, existing, partitions))
        for table in tables
        if table.name not in hidden
    }
    for topic in hidden:
        complaints[topic] = ["the user may not describe it; grant DESCRIBE on the topic, and CREATE if it is new"]
    if any(complaints.values()):
        raise shape_error_of("topic", at, complaints, existing)
    if existing and on_existing is OnExisting.FAIL:
        raise exists_error("topic", next(table.name for table in tables if table.name in existing), at)
    for table in tables:
        if table.name in existing or not _create(topics, table.name, partitions):
            _reuse(topics, at, table.name, on_existing, partitions)
        topics.grow(table.name, partitions)


def _check_name(topic: str) -> None:
    """Raise PlanError for a name that the broker would refuse."""
    if not _TOPIC.fullmatch(topic) or topic in (".", ".."):
        raise PlanError(
            f"source: 'kafka' allows letters, digits, '.', '_' and '-' in topics, 249 at most, but the schema has the table "
            f"{topic[:40]!r}; rename it"
        )


def _complaints(
    topics: Topics, table: Table, existing: Mapping[str, TopicDescription], partitions: int
) -> Iterator[str]:
    if table.name in existing:
        return topic_complaints(topics.admin, existing[table.name], table, partitions)
    return creation_complaints(topics.admin, _new_topic(table.name, partitions))


def _new_topic(topic: str, partitions: int) -> NewTopic:
    return NewTopic(topic, num_partitions=partitions, replication_factor=-1, config=dict(CREATED))


def _create(topics: Topics, topic: str, partitions: int) -> bool:
    """Create a topic and return True; return False if another `prepare` has created it in the meantime."""
    try:
        topics.admin.create_topics([_new_topic(topic, partitions)], operation_timeout=SECONDS)[topic].result()
    except KafkaException as error:
        if error.args[0].code() == TOPIC_ALREADY_EXISTS:
            return False
        raise
    return True


def _reuse(topics: Topics, at: Connection, topic: str, on_existing: OnExisting, wanted: int) -> None:
    if on_existing is OnExisting.FAIL:
        raise exists_error("topic", topic, at)
    partitions = topics.partitions(topic)
    if on_existing is OnExisting.EMPTY:
        topics.empty(topic, partitions)
    elif topics.rows(topic, partitions[-wanted:]):
        # A retry empties its worker's partitions, so a run that appends gets partitions without rows of other runs.
        topics.grow(topic, len(partitions) + wanted)
