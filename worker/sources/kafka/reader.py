"""Read topics back by a consumer without a group, from each partition's first offset to the last one at the beginning."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from core.schema.model import Table
from worker.sources.json_rows import columns_of_lines

_MESSAGES = 8_192
_BATCH_SECONDS = 0.1
"""How long to wait for a full batch; the last one of a partition is never full."""
_SILENCE_SECONDS = 30.0
"""Seconds after which a broker that sends nothing, with messages left, counts as lost."""


def read(
    configuration: Mapping[str, Any], table: Table, spans: Mapping[int, tuple[int, int]]
) -> Iterator[pa.RecordBatch]:
    """Yield the messages of a topic's partitions, each from its first offset to before its last."""
    ends = {partition: last for partition, (first, last) in spans.items() if last > first}
    consumer = Consumer(
        {
            **configuration,
            "group.id": "loadtest-verify",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            # Other readers cannot see messages of uncommitted transactions either.
            "isolation.level": "read_committed",
            # If retention deletes the offset in the meantime, fail instead of continuing at the end.
            "auto.offset.reset": "error",
            # Batches arrive compressed and are stored uncompressed: fetched ahead, they take many times the memory.
            "queued.max.messages.kbytes": 16_384,
            "queued.min.messages": _MESSAGES,
            "max.partition.fetch.bytes": 262_144,
        }
    )
    try:
        consumer.assign([TopicPartition(table.name, partition, spans[partition][0]) for partition in ends])
        received = time.monotonic()
        while ends:
            messages = consumer.consume(_MESSAGES, timeout=_BATCH_SECONDS)
            if messages:
                received = time.monotonic()
            elif time.monotonic() - received > _SILENCE_SECONDS:
                raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001 - the library's name for it
            rows = [message for message in messages if _is_row(message, ends)]
            if rows:
                yield _batch(rows, table)
    finally:
        consumer.close()


def _is_row(message: Any, ends: dict[int, int]) -> bool:
    """Return whether this is a message in the range to read; remove partitions that are read completely from `ends`."""
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
    """Return the messages as rows; the key cell of a message with another key shows both, which is not a valid key."""
    batch = columns_of_lines([message.value() or b"null" for message in messages], table)
    place = batch.schema.get_field_index(table.primary_key)
    keys = pa.array([(message.key() or b"").decode(errors="backslashreplace") for message in messages], pa.string())
    cells = batch.column(place)
    both = pc.binary_join_element_wise(cells, keys, " in a message with the key ")
    agreed = pc.if_else(pc.equal(cells, keys).fill_null(False), cells, both)
    return batch.set_column(place, batch.schema.field(place), agreed)
