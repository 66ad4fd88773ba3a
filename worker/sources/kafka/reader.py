"""Read topics back by a consumer without a group, from each partition's first offset to the last one at the beginning."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from core.schema.model import Table
from worker.encode.encoder import KeyEncoder
from worker.encode.json_text import NdjsonEncoder
from worker.sources.base import StoredRows
from worker.sources.json_rows import columns_of_lines

_MESSAGES = 8_192
_BATCH_SECONDS = 0.1
"""How long to wait for a full batch; the last one of a partition is never full."""
_SILENCE_SECONDS = 30.0
"""Seconds after which a broker that sends nothing, with messages left, counts as lost."""


def read(configuration: Mapping[str, Any], table: Table, spans: Mapping[int, tuple[int, int]]) -> Iterator[StoredRows]:
    """Yield the messages of a topic's partitions, each from its first offset to before its last: keys and values."""
    encode = _Encoder(table)
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
                keys = pa.array([message.key() or b"" for message in rows], pa.binary())
                values = pa.array([message.value() or b"null" for message in rows], pa.binary())
                yield StoredRows(_texts(keys), (keys, values), encode, lambda parts: rows_of(parts, table))
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


def rows_of(parts: Sequence[pa.Array], table: Table) -> pa.RecordBatch:
    """Return keys and values as rows; the key cell of a message with another key shows both, which is not a valid key."""
    keys, values = parts
    batch = columns_of_lines(values.to_pylist(), table)
    place = batch.schema.get_field_index(table.primary_key)
    texts = pa.array([key.decode(errors="backslashreplace") for key in keys.to_pylist()], pa.string())
    cells = batch.column(place)
    both = pc.binary_join_element_wise(cells, texts, " in a message with the key ")
    agreed = pc.if_else(pc.equal(cells, texts).fill_null(False), cells, both)
    return batch.set_column(place, batch.schema.field(place), agreed)


def _texts(keys: pa.Array) -> pa.Array:
    """Return the keys as texts, none of them if one is not UTF-8."""
    try:
        return keys.cast(pa.string())
    except pa.ArrowInvalid:
        return pa.nulls(len(keys), pa.string())


class _Encoder:
    """Encodes generated rows as the keys and values of messages."""

    def __init__(self, table: Table) -> None:
        self._keys, self._values = KeyEncoder(table), NdjsonEncoder(table)

    def __call__(self, batch: pa.RecordBatch) -> Sequence[pa.Array]:
        """Return the keys and the values."""
        lines = self._values.encode(batch).as_array()
        return self._keys.encode(batch).as_array(), pc.binary_slice(lines, 0, -1)
