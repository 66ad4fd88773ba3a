"""Kafka, by its own tools and by a consumer."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
from confluent_kafka import Consumer, TopicPartition

from spec.schema import Table
from tests.serving import Served
from tests.worker.encode import samples
from tests.worker.encode.texts import read, read_json
from tests.worker.sources.beds.base import Row

_BROKER = ("--bootstrap-server", "localhost:9092")
_EARLIEST, _LATEST = "-2", "-1"


class KafkaBed:
    source = "kafka"
    asks_for_password = False
    knows_rights = False
    missing_database: str | None = None
    settings: Mapping[str, str] = {
        "num.partitions": "4",
        "log.retention.minutes": "180",
        "log.segment.bytes": str(32 * 1024 * 1024),
        "default.replication.factor": "1",
        "acks": "all",
        "compression.type": "lz4",
        "enable.idempotence": "True",
    }

    def count(self, served: Served, table: Table) -> int:
        return self._offsets(served, table, _LATEST) - self._offsets(served, table, _EARLIEST)

    def rows(self, served: Served, table: Table) -> Sequence[Row]:
        consumer = Consumer({"bootstrap.servers": f"{served.connection.host}:9092", "group.id": "tests"})
        try:
            partitions = [TopicPartition(table.name, number) for number in self._partitions(consumer, table)]
            bounds = [consumer.get_watermark_offsets(partition, timeout=20) for partition in partitions]
            consumer.assign(
                [TopicPartition(p.topic, p.partition, low) for p, (low, _) in zip(partitions, bounds, strict=True)]
            )
            wanted = sum(high - low for low, high in bounds)
            messages = self._consumed(consumer, wanted)
        finally:
            consumer.close()
        return [self._row(table, key, value) for key, value in messages]

    def expected(self, table: Table, batch: pa.RecordBatch) -> Sequence[Row]:
        return samples.rows_of(table, batch)

    def make_another_shape(self, served: Served, table: Table) -> None:
        compacted = ("--create", "--topic", table.name, "--config", "cleanup.policy=compact")
        self._tool(served, "kafka-topics", *compacted)

    def without_rights(self, served: Served) -> str:
        raise LookupError("a broker of ours lets everybody do everything")

    def _offsets(self, served: Served, table: Table, which: str) -> int:
        lines = self._tool(served, "kafka-get-offsets", "--topic", table.name, "--time", which).splitlines()
        return sum(int(line.rpartition(":")[2]) for line in lines)

    @staticmethod
    def _tool(served: Served, name: str, *arguments: str) -> str:
        command = [f"/opt/kafka/bin/{name}.sh", *_BROKER, *arguments]
        return served.container.output(*command, environment={"KAFKA_HEAP_OPTS": "-Xmx64m"})

    @staticmethod
    def _partitions(consumer: Consumer, table: Table) -> Sequence[int]:
        return list(consumer.list_topics(table.name, timeout=20).topics[table.name].partitions)

    @staticmethod
    def _consumed(consumer: Consumer, wanted: int) -> Sequence[tuple[bytes, bytes]]:
        found: list[tuple[bytes, bytes]] = []
        while len(found) < wanted:
            batch = consumer.consume(wanted - len(found), timeout=20)
            assert batch, f"{len(found)} of {wanted} messages"
            assert not [message.error() for message in batch if message.error()]
            found += [(message.key() or b"", message.value() or b"") for message in batch]
        return found

    @staticmethod
    def _row(table: Table, key: bytes, value: bytes) -> Row:
        document: dict[str, Any] = json.loads(value, parse_float=Decimal)
        row = {column.name: read_json(document[column.name], column.type) for column in table.columns}
        assert read(key.decode(), table.key.type) == row[table.primary_key]
        return row
