"""Each error that a broker or its client can be made to give has the remedy for its cause."""

import time
from collections.abc import Iterator

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic  # type: ignore[attr-defined]

from core.errors import ServerError
from core.plan import BASE_INSTANT, Shard
from core.schema.generators import Sequential, Static
from core.schema.model import Column, Schema, Table
from core.schema.types import DataType, Kind
from core.stores import METHODS
from core.units import MIB
from testkit import session
from testkit.serving import Served, shared
from tests.worker.sources.loading import connected
from worker.generate import Dataset
from worker.sources.kafka import source as kafka
from worker.sources.kafka.errors import ClientErrors, server_error
from worker.sources.known_errors import UNKNOWN

pytestmark = pytest.mark.docker
PROVOKED = {
    "name": (NewTopic("not a topic", 1, 1), "TOPIC_EXCEPTION", "rename the table in the schema"),
    "copies": (NewTopic("copies", 1, 5), "INVALID_REPLICATION_FACTOR", "lower the broker's default.replication.factor"),
    "setting": (NewTopic("setting", 1, 1, config={"retention.ms": "x"}), "INVALID_CONFIG", "create the topic yourself"),
}
"""Topics that a broker does not create."""


@pytest.fixture(scope="module")
def served() -> Served:
    return shared("kafka")


@pytest.fixture(scope="module")
def admin(served: Served) -> AdminClient:
    return AdminClient({"bootstrap.servers": f"{served.connection.host}:{served.connection.port}"})


def _line(served: Served, error: KafkaError) -> str:
    line = str(server_error(error, served.connection, ClientErrors(served.connection)))
    assert not line.endswith(UNKNOWN)
    return line


@pytest.mark.parametrize("case", PROVOKED)
def test_refused_topic_has_remedy_for_its_cause(served: Served, admin: AdminClient, case: str) -> None:
    topic, name, remedy = PROVOKED[case]
    with pytest.raises(KafkaException) as raised:
        admin.create_topics([topic], operation_timeout=20)[topic.topic].result()
    error = raised.value.args[0]
    assert error.name() == name
    assert remedy in _line(served, error)


def test_existing_and_missing_topics_have_remedies(served: Served, admin: AdminClient) -> None:
    name = session.unique("topic")
    admin.create_topics([NewTopic(name, 1, 1)], operation_timeout=20)[name].result()
    with pytest.raises(KafkaException) as raised:
        admin.create_topics([NewTopic(name, 1, 1)], operation_timeout=20)[name].result()
    assert raised.value.args[0].name() == "TOPIC_ALREADY_EXISTS"
    assert "delete the topic, or set loadtest:onExisting" in _line(served, raised.value.args[0])
    with pytest.raises(KafkaException) as fewer:
        admin.create_partitions([NewPartitions(name, 1)], operation_timeout=20)[name].result()
    assert fewer.value.args[0].name() == "INVALID_PARTITIONS"
    with pytest.raises(KafkaException) as missing:
        admin.create_partitions([NewPartitions("missing", 9)], operation_timeout=20)["missing"].result()
    assert missing.value.args[0].name() == "UNKNOWN_TOPIC_OR_PART"
    assert "run `worker prepare` first" in _line(served, missing.value.args[0])
    (unknown,) = admin.describe_configs([ConfigResource("topic", "missing")], request_timeout=20).values()
    with pytest.raises(KafkaException, match="UNKNOWN_TOPIC_OR_PART"):
        unknown.result()


@pytest.fixture
def topic(admin: AdminClient) -> Iterator[str]:
    name = session.unique("topic")
    settings = {"max.message.bytes": str(2 * MIB)}
    admin.create_topics([NewTopic(name, 4, 1, config=settings)], operation_timeout=20)[name].result()
    deadline = time.monotonic() + 20
    # The broker shows a new topic a moment after its creation.
    while name not in admin.list_topics(timeout=20).topics:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield name
    admin.delete_topics([name], operation_timeout=20)[name].result()


def _load(served: Served, topic: str, size: int, method: str) -> None:
    key = Column(name="id", type=DataType(kind=Kind.INT64), generator=Sequential())
    text = Column(name="text", type=DataType(kind=Kind.TEXT), generator=Static(value="x" * size))
    table = Table(name=topic, primary_key="id", columns=(key, text))
    batch = Dataset(Schema(tables=(table,)), seed=1, rows=2, base_instant=BASE_INSTANT).table(topic).batch(0, 2)
    with (
        connected("kafka", served.connection) as source,
        source.sink(table, Shard(table=topic, seed=1, first_row=0, rows=2), method) as sink,
    ):
        sink.send(iter([sink.encode(batch)]))


@pytest.mark.parametrize("method", METHODS)
def test_message_above_limit_of_topic_names_the_topic(served: Served, topic: str, method: str) -> None:
    _load(served, topic, 2 * MIB - 1_000, method)
    with pytest.raises(ServerError, match=r"the topic's max.message.bytes \(2,097,152\); raise the topic's"):
        _load(served, topic, 2 * MIB, method)


@pytest.mark.parametrize("method", METHODS)
def test_message_above_limit_of_client_names_the_client(
    served: Served, topic: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka, "LARGEST_MESSAGE", 1_000)
    with pytest.raises(
        ServerError, match=r"exceeds the 1,049,576 bytes that a worker sends in one; use shorter"
    ) as raised:
        _load(served, topic, MIB + 1_000, method)
    assert "topic" not in str(raised.value).partition("bytes")[2]
