"""A broker with hostile defaults and access lists: new topics keep every row, existing ones are inspected first."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from core.connection import Connection, parse_connection
from core.errors import ServerError
from core.options import OnExisting
from core.plan import BASE_INSTANT, Shard
from core.schema.generators import Sequential, Static
from core.schema.model import Column, Schema, Table
from core.schema.types import DataType, Kind
from core.stores import BULK, KAFKA, METHODS
from testkit.serving import Served
from tests.worker.encode.texts import read_json
from tests.worker.sources.beds.kafka import KafkaBed
from tests.worker.sources.kafka.brokers import serving_broker
from tests.worker.sources.loading import DATASET, EVERY_KIND, KEYED, ROWS, connected, load, table_of
from worker.generate import Dataset
from worker.pipeline import load_shard
from worker.result.counters import Counters

pytestmark = pytest.mark.docker
BED = KafkaBed()
_HOSTILE = {
    "KAFKA_LOG_CLEANUP_POLICY": "compact",
    "KAFKA_LOG_RETENTION_MS": "1000",
    "KAFKA_LOG_RETENTION_BYTES": "1000",
    "KAFKA_LOG_RETENTION_CHECK_INTERVAL_MS": "500",
    "KAFKA_MESSAGE_MAX_BYTES": "2000",
    "KAFKA_MIN_INSYNC_REPLICAS": "2",
    "KAFKA_COMPRESSION_TYPE": "gzip",
    "KAFKA_LOG_MESSAGE_TIMESTAMP_TYPE": "LogAppendTime",
    "KAFKA_AUTHORIZER_CLASS_NAME": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "KAFKA_SUPER_USERS": "User:ANONYMOUS",
    "KAFKA_SASL_ENABLED_MECHANISMS": "PLAIN",
    "KAFKA_LISTENER_NAME_SASL_PLAIN_SASL_JAAS_CONFIG": (
        'org.apache.kafka.common.security.plain.PlainLoginModule required user_me="secret";'
    ),
    "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093,SASL://:9094",
    "KAFKA_ADVERTISED_LISTENERS": "PLAINTEXT://{host}:9092,SASL://{host}:9094",
    "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL:SASL_PLAINTEXT",
}
_KEEPING = {
    "cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1", "min.insync.replicas": "1",
    "max.message.bytes": "1000000",
}  # fmt: skip


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving_broker(_HOSTILE) as server:
        yield server


@pytest.fixture
def admin(served: Served) -> AdminClient:
    client = AdminClient({"bootstrap.servers": f"{served.connection.host}:9092"})
    topics = [name for name in client.list_topics(timeout=20).topics if not name.startswith("__")]
    for done in client.delete_topics(topics).values() if topics else ():
        done.result()
    return client


def _make(admin: AdminClient, topic: str, settings: Mapping[str, str], partitions: int = 4) -> None:
    new = NewTopic(topic, partitions, 1, config={**_KEEPING, **settings})
    admin.create_topics([new], operation_timeout=20)[topic].result()


def _allow(served: Served, admin: AdminClient, topic: str, rights: Sequence[AclOperation]) -> None:
    """Grant rights on a topic; return once the broker applies them."""
    asked = [
        AclBinding(
            ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, "User:me", "*", right, AclPermissionType.ALLOW
        )
        for right in rights
    ]
    for done in admin.create_acls(asked).values():
        done.result()
    login = {
        "security.protocol": "sasl_plaintext",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "me",
        "sasl.password": "secret",
    }
    me = AdminClient({"bootstrap.servers": f"{served.connection.host}:9094", **login})
    deadline = time.monotonic() + 30
    while not set(rights) <= _rights(me, topic):
        assert time.monotonic() < deadline, f"{rights} are not in force"
        time.sleep(0.05)


def _rights(client: AdminClient, topic: str) -> set[AclOperation]:
    asked = client.describe_topics(TopicCollection([topic]), include_authorized_operations=True)
    try:
        return set(asked[topic].result().authorized_operations)
    except KafkaException:
        return set()


def _me(served: Served) -> Connection:
    return parse_connection(f"kafka://me:secret@{served.connection.host}:9094", KAFKA)


def _named(name: str) -> Table:
    return table_of(KEYED).model_copy(update={"name": name})


def _values(served: Served, topic: str, count: int) -> list[Any]:
    """Return the messages of a topic by a bare consumer, ordered by id."""
    settings = {"bootstrap.servers": f"{served.connection.host}:9092", "group.id": "test", "enable.auto.commit": False}
    consumer = Consumer(settings)
    try:
        consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in range(4)])
        messages = consumer.consume(count, timeout=20)
    finally:
        consumer.close()
    return sorted(
        (json.loads(message.value() or b"", parse_float=Decimal) for message in messages), key=lambda row: row["id"]
    )


@pytest.mark.usefixtures("admin")
def test_new_topics_ignore_the_brokers_defaults(served: Served) -> None:
    table = table_of(EVERY_KIND)
    with connected("kafka", served.connection) as source:
        source.prepare([table], OnExisting.EMPTY)
        for method in METHODS:
            load(source, EVERY_KIND, method=method, redo=True)
            assert source.count(table) == ROWS
    types = {column.name: column.type for column in table.columns}
    messages = _values(served, table.name, ROWS)
    found = [{name: read_json(value, types[name]) for name, value in row.items()} for row in messages]
    expected = BED.expected(table, DATASET.table(EVERY_KIND).batch(0, ROWS))
    assert found == sorted(expected, key=lambda row: int(row["id"]))


@pytest.mark.usefixtures("admin")
def test_large_messages_are_loaded_and_read(served: Served) -> None:
    value = "x" * 3_000_000
    columns = (
        Column(name="id", type=DataType(kind=Kind.INT64), generator=Sequential()),
        Column(name="wide", type=DataType(kind=Kind.TEXT), generator=Static(value=value)),
    )
    schema = Schema(tables=(Table(name="large", primary_key="id", columns=columns),))
    data = Dataset(schema, seed=42, rows=3, base_instant=BASE_INSTANT).table("large")
    shard = Shard(table="large", seed=42, first_row=0, rows=3)
    with connected("kafka", served.connection) as source:
        source.prepare(schema.tables, OnExisting.FAIL)
        load_shard(source, data, shard, BULK, 3, Counters(total_rows=3))
        assert source.count(data.table) == 3
    assert _values(served, "large", 3) == [{"id": row, "wide": value} for row in range(3)]


def test_batches_fit_a_topic_with_a_low_limit(served: Served, admin: AdminClient) -> None:
    _make(admin, KEYED, {"max.message.bytes": "600"})
    with connected("kafka", served.connection) as source:
        source.prepare([table_of(KEYED)], OnExisting.EMPTY)
        load(source, KEYED)
        assert source.count(table_of(KEYED)) == ROWS


@pytest.mark.parametrize("wish", OnExisting)
def test_prepare_raises_all_complaints_before_a_change(served: Served, admin: AdminClient, wish: OnExisting) -> None:
    _make(admin, KEYED, {}, partitions=1)
    _make(admin, "compacted", {"cleanup.policy": "compact"})
    _make(admin, "short", {"retention.ms": "60000", "retention.bytes": "5000"})
    _make(admin, "locked", {"min.insync.replicas": "2"})
    with connected("kafka", served.connection) as source:
        source.prepare([table_of(KEYED)], OnExisting.APPEND)
        load(source, KEYED, rows=50)
        with pytest.raises(ServerError) as refused:
            source.prepare([table_of(KEYED), *map(_named, ("compacted", "short", "locked", "absent"))], wish)
        assert source.count(table_of(KEYED)) == 50
    text = str(refused.value)
    assert text.startswith(f"topic 'compacted', 'short', 'locked' exists at {served.connection} in another shape: ")
    assert "compacted: has cleanup.policy=compact, which removes messages of equal keys, wanted delete" in text
    assert "short: has retention.ms=60000, which deletes messages before a run ends" in text
    assert "short: has retention.bytes=5000" in text
    assert "locked: has min.insync.replicas=2 and 1 replicas, so it accepts no message" in text
    assert "absent" not in admin.list_topics(timeout=20).topics


def test_missing_rights_are_named_at_once(served: Served, admin: AdminClient) -> None:
    _make(admin, "readable", {}, partitions=1)
    _allow(served, admin, "readable", [AclOperation.READ])
    with connected("kafka", _me(served)) as source, pytest.raises(ServerError) as refused:
        source.prepare([_named("readable"), _named("forbidden")], OnExisting.EMPTY)
    text = str(refused.value)
    assert "readable: the user has no right to WRITE, DELETE; grant READ, WRITE, DELETE and DESCRIBE_CONFIGS" in text
    assert "readable: has 1 partitions, wanted 4, and the user has no right to ALTER" in text
    assert "readable: its settings cannot be read" in text
    assert "forbidden: the user may not describe it; grant DESCRIBE on the topic, and CREATE if it is new" in text
    assert "secret" not in text


def test_unreadable_settings_are_reported(served: Served, admin: AdminClient) -> None:
    _make(admin, KEYED, {})
    rights = [AclOperation.READ, AclOperation.WRITE, AclOperation.DELETE, AclOperation.DESCRIBE_CONFIGS]
    _allow(served, admin, KEYED, rights)
    with connected("kafka", _me(served)) as source:
        source.prepare([table_of(KEYED)], OnExisting.EMPTY)
        found = source.settings()
        load(source, KEYED)
        assert source.count(table_of(KEYED)) == ROWS
    assert found["acks"] == "all"
    assert found["broker settings"].startswith(f"not readable: kafka://{served.connection.host}:9094: ")
    assert "num.partitions" not in found
