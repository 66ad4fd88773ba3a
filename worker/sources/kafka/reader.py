"""Topics read back: a consumer without a group, from the first offset of each partition to the last one there was."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from core.schema.model import Table
from worker.sources.json_text import texts_of

_MESSAGES = 8_192
_PATIENCE_SECONDS = 0.1
"""How long to wait for a full batch; the last one of a partition is never full."""
_SILENCE_SECONDS = 30.0
"""After which a broker that sends nothing, while there is something, is given up."""


def read(
    configuration: Mapping[str, Any], table: Table, spans: Mapping[int, tuple[int, int]]
) -> Iterator[pa.RecordBatch]:
    """The messages of a topic's partitions, each from its first offset to before its last."""
    ends = {partition: last for partition, (first, last) in spans.items() if last > first}
    consumer = Consumer(
        {
            **configuration,
            "group.id": "loadtest-verify",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            # Messages of a transaction that others did not commit are not there for their readers either.
            "isolation.level": "read_committed",
            # An offset that retention has deleted meanwhile: an error, and not a jump to the end.
            "auto.offset.reset": "error",
            # Batches come compressed and are kept unpacked: what is asked for ahead is many times as large in memory.
            "queued.max.messages.kbytes": 16_384,
            "queued.min.messages": _MESSAGES,
            "max.partition.fetch.bytes": 262_144,
        }
    )
    try:
        consumer.assign([TopicPartition(table.name, partition, spans[partition][0]) for partition in ends])
        heard = time.monotonic()
        while ends:
            messages = consumer.consume(_MESSAGES, timeout=_PATIENCE_SECONDS)
            if messages:
                heard = time.monotonic()
            elif time.monotonic() - heard > _SILENCE_SECONDS:
                raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001 - the library's name for it
            rows = [message for message in messages if _is_row(message, ends)]
            if rows:
                yield _batch(rows, table)
    finally:
        consumer.close()


def _is_row(message: Any, ends: dict[int, int]) -> bool:
    """Whether this is a message of the span; notes where a partition is at its end."""
    error, partition = message.error(), message.partition()
    if error is not None:
        if error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001
            raise KafkaException(error)
        ends.pop(partition, None)
        return False
    end = ends.get(partition)
    if end is None or message.offset() >= end:
        ends.pop(partition, None)
        return False
    if message.offset() + 1 == end:
        del ends[partition]
    return True


def _batch(messages: list[Any], table: Table) -> pa.RecordBatch:
    """A message whose key is not its row's has both in the row's, which is then nobody's."""
    batch = texts_of([message.value() or b"null" for message in messages], table)
    place = batch.schema.get_field_index(table.primary_key)
    keys = pa.array([(message.key() or b"").decode(errors="backslashreplace") for message in messages], pa.string())
    cells = batch.column(place)
    both = pc.binary_join_element_wise(cells, keys, " in a message with the key ")
    agreed = pc.if_else(pc.equal(cells, keys).fill_null(False), cells, both)
    return batch.set_column(place, batch.schema.field(place), agreed)
