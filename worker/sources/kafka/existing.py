"""Compare a topic that exists with the one that a run needs, without changing anything."""

from collections.abc import Iterator, Mapping

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclOperation,
    AdminClient,
    NewTopic,
    TopicDescription,
)

from core.options import default_of
from core.schema.checks.listed_values import largest_row
from core.schema.model import Table
from core.text import one_line
from worker.sources.kafka.topics import MESSAGE_OVERHEAD, SECONDS, settings_of

SHORTEST_RETENTION_MS = default_of("timeout_seconds") * 1000
"""The default timeout of a run: messages that are deleted earlier cannot be verified."""
_UNKNOWN = (KafkaError.UNKNOWN_TOPIC_OR_PART,)
_DENIED = (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED)
_RIGHTS: Mapping[AclOperation, str] = {
    AclOperation.READ: "READ",
    AclOperation.WRITE: "WRITE",
    AclOperation.DELETE: "DELETE",
}
"""The rights on a topic that loading, retrying and verifying require."""


def describe_topics(admin: AdminClient, names: list[str]) -> tuple[dict[str, TopicDescription], list[str]]:
    """Return the topics that exist, and the names that the user may not describe; raise KafkaException."""
    answers = admin.describe_topics(TopicCollection(names), include_authorized_operations=True, request_timeout=SECONDS)
    found: dict[str, TopicDescription] = {}
    hidden: list[str] = []
    for name, answer in answers.items():
        try:
            found[name] = answer.result()
        except KafkaException as error:
            code = error.args[0].code()
            if code in _DENIED:
                hidden.append(name)
            elif code not in _UNKNOWN:
                raise
    return found, hidden


def creation_complaints(admin: AdminClient, new: NewTopic) -> Iterator[str]:
    """Yield why the broker would refuse to create a topic, by a request that only validates."""
    for answer in admin.create_topics([new], operation_timeout=SECONDS, validate_only=True).values():
        try:
            answer.result()
        except KafkaException as error:
            refused = error.args[0]
            if refused.code() == KafkaError.TOPIC_ALREADY_EXISTS:
                continue
            remedy = (
                "grant the user CREATE on it"
                if refused.code() in _DENIED
                else "create it, or change the broker's policy"
            )
            yield f"cannot be created ({one_line(refused.str())}); {remedy}"


def topic_complaints(admin: AdminClient, topic: TopicDescription, table: Table, partitions: int) -> Iterator[str]:
    """Yield complaints about a topic that exists."""
    if topic.is_internal:
        yield "is one of Kafka's own topics; load elsewhere"
        return
    allowed = set(topic.authorized_operations or ())
    if lacking := [name for right, name in _RIGHTS.items() if right not in allowed]:
        yield f"the user has no right to {', '.join(lacking)}; grant READ, WRITE, DELETE and DESCRIBE_CONFIGS on the topic"
    if len(topic.partitions) < partitions and AclOperation.ALTER not in allowed:
        yield (
            f"has {len(topic.partitions)} partitions, wanted {partitions}, and the user has no right to ALTER; grant ALTER, "
            "or add partitions"
        )
    try:
        settings = settings_of(admin, "topic", table.name)
    except KafkaException as error:
        if error.args[0].code() not in _DENIED:
            raise
        yield "its settings cannot be read, and may delete or refuse messages; grant DESCRIBE_CONFIGS on the topic"
        return
    replicas = min((len(partition.replicas) for partition in topic.partitions), default=1)
    yield from setting_complaints(settings, table, replicas)


def setting_complaints(settings: Mapping[str, str], table: Table, replicas: int) -> Iterator[str]:
    """Yield the settings of a topic that delete messages or refuse them."""
    if (policy := settings["cleanup.policy"]) != "delete":
        yield f"has cleanup.policy={policy}, which removes messages of equal keys, wanted delete; change it"
    retention = int(settings["retention.ms"])
    if 0 <= retention < SHORTEST_RETENTION_MS:
        yield (
            f"has retention.ms={retention}, which deletes messages before a run ends, wanted {SHORTEST_RETENTION_MS} or more; "
            "raise it"
        )
    if (size := int(settings["retention.bytes"])) >= 0:
        yield f"has retention.bytes={size}, which deletes messages of a larger load, wanted -1; change it"
    if (most := int(settings["max.message.bytes"])) < largest_row(table):
        yield f"has max.message.bytes={most}, wanted {largest_row(table) + MESSAGE_OVERHEAD} for the schema's rows; raise it"
    if (least := int(settings["min.insync.replicas"])) > replicas:
        yield f"has min.insync.replicas={least} and {replicas} replicas, so it accepts no message; lower it"
