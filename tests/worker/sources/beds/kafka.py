"""Kafka, by its own tools."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from core.schema.model import Table
from testkit.serving import Served
from tests.worker.encode import samples
from tests.worker.encode.texts import read, read_json
from tests.worker.sources.beds.base import Row

_BROKER = ("--bootstrap-server", "localhost:9092")
_EARLIEST, _LATEST = "-2", "-1"
_SEPARATOR = "\t"
"""A separator that JSON escapes, and that is in no key of the tests' tables."""


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
        """Run a tool in the broker's container, in which its name can be resolved."""
        wanted = self.count(served, table)
        if wanted == 0:
            return []
        options = ("--topic", table.name, "--from-beginning", f"--max-messages={wanted}", "--timeout-ms=20000")
        shown = ("--property", "print.key=true", "--property", f"key.separator={_SEPARATOR}")
        messages = self._tool(served, "kafka-console-consumer", *options, *shown).split("\n")
        assert len(messages) == wanted
        return [self._row(table, *message.split(_SEPARATOR, maxsplit=1)) for message in messages]

    def expected(self, table: Table, batch: pa.RecordBatch) -> Sequence[Row]:
        return samples.rows_of(table, batch)

    def make_another_shape(self, served: Served, table: Table) -> None:
        compacted = ("--create", "--topic", table.name, "--config", "cleanup.policy=compact")
        self._tool(served, "kafka-topics", *compacted)

    def without_rights(self, served: Served) -> str:
        raise LookupError("a broker of the tests has no access control")

    def _offsets(self, served: Served, table: Table, which: str) -> int:
        lines = self._tool(served, "kafka-get-offsets", "--topic", table.name, "--time", which).splitlines()
        return sum(int(line.rpartition(":")[2]) for line in lines)

    @staticmethod
    def _tool(served: Served, name: str, *arguments: str) -> str:
        command = [f"/opt/kafka/bin/{name}.sh", *_BROKER, *arguments]
        return served.container.output(*command, environment={"KAFKA_HEAP_OPTS": "-Xmx64m"})

    @staticmethod
    def _row(table: Table, key: str, value: str) -> Row:
        document: dict[str, Any] = json.loads(value, parse_float=Decimal)
        row = {column.name: read_json(document[column.name], column.type) for column in table.columns}
        assert read(key, table.key.type) == row[table.primary_key]
        return row
