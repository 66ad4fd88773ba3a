"""Kafka for a load test: one node that is broker and controller (KRaft), without replicas."""

from core.units import MIB
from infra.databases.probe import probe
from infra.databases.spec import DatabaseSpec

IMAGE = "apache/kafka:4.1.1"
LEAST_MEMORY = 320 * MIB
"""Its smallest heap, and about 128 MiB for the virtual machine."""
_DATA = "/var/lib/kafka/data"
_RETENTION_MINUTES = 180
"""Longer than the default timeout of an hour plus verification, because expired messages cannot be counted."""

_METADATA = b"\0\3" + b"\0\1" + b"\0\0\0\0" + b"\xff\xff" + b"\0\0\0\0"
"""A metadata request, version 1, without a client id or topics. The answer lists the brokers that are registered."""
_REQUEST = len(_METADATA).to_bytes(4, "big") + _METADATA
_ANSWER_TO_BROKERS = 12
"""Size, correlation id, number of brokers: four bytes each."""


def specification(image: str | None, cpu: float, memory: int, tmpfs: int | None) -> DatabaseSpec:
    """Return the server for these limits: cores, and bytes."""
    # Most of its data are in the kernel's page cache, or on the RAM disk, and not in its heap.
    heap = max(memory // 4 // MIB, 192)
    return DatabaseSpec(
        image=image or IMAGE,
        arguments=(),
        environment={
            "KAFKA_NODE_ID": "1",
            "KAFKA_PROCESS_ROLES": "broker,controller",
            "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
            "KAFKA_ADVERTISED_LISTENERS": "PLAINTEXT://{host}:9092",
            "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
            "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
            "KAFKA_LOG_DIRS": _DATA,
            "KAFKA_HEAP_OPTS": f"-Xms{heap}m -Xmx{heap}m",
            "KAFKA_NUM_PARTITIONS": "4",
            "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
            "KAFKA_LOG_RETENTION_MINUTES": str(_RETENTION_MINUTES),
            # Only whole segments are deleted, so a small disk needs small segments to free what a retry removes.
            "KAFKA_LOG_SEGMENT_BYTES": str(max(memory // 32, 16 * MIB)),
            "KAFKA_LOG_SEGMENT_DELETE_DELAY_MS": "1000",
            # The broker stores at this interval, after this delay, how far records are deleted (default: every minute, after
            # half a minute). A broker that is killed before restores the deleted records, and a retry's rows would be
            # duplicates of them.
            "KAFKA_LOG_FLUSH_START_OFFSET_CHECKPOINT_INTERVAL_MS": "500",
            "KAFKA_LOG_INITIAL_TASK_DELAY_MS": "500",
            "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "1",
            "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
            "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
            "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
            "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR": "1",
            "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR": "1",
        },
        secret_environment={},
        port=9092,
        data_directory=_DATA,
        # The answer lists the broker once it is registered and the controller is the leader.
        health_command=probe(9092, _REQUEST, _ANSWER_TO_BROKERS, "[1-9a-f]$"),
        connection="kafka://{host}:{port}",
        cpu=cpu,
        memory=memory,
        tmpfs=tmpfs,
        user=1000,
        # The image starts as this user, which may not change the owner of the folder.
        tmpfs_options="uid=1000,gid=1000,mode=0755",
    )
