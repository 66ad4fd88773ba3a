"""Kafka for a load test: one node that is broker and controller (KRaft), without replicas, for as long as the run."""

from core.units import MIB
from infra.databases.probe import probe
from infra.databases.spec import DatabaseSpec

IMAGE = "apache/kafka:4.1.1"
_DATA = "/var/lib/kafka/data"
_RETENTION_MINUTES = 180
"""Longer than a run's default timeout of an hour with its verification: what has expired could not be counted."""

_METADATA = b"\0\3" + b"\0\1" + b"\0\0\0\0" + b"\xff\xff" + b"\0\0\0\0"
"""A metadata request, version 1, of no client and for no topic: it is answered with the brokers that take work."""
_REQUEST = len(_METADATA).to_bytes(4, "big") + _METADATA
_ANSWER_TO_BROKERS = 12
"""Size, correlation id, number of brokers: four bytes each."""


def specification(image: str | None, cpu: float, memory: int, tmpfs: int | None) -> DatabaseSpec:
    """The server for these limits: cores, and bytes."""
    # Most of what it keeps is in the kernel's page cache, or on the RAM disk, and not in its heap.
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
            # Only whole segments are deleted: small ones give a small disk back what a redo removed.
            "KAFKA_LOG_SEGMENT_BYTES": str(max(memory // 32, 16 * MIB)),
            "KAFKA_LOG_SEGMENT_DELETE_DELAY_MS": "1000",
            # How far records were deleted is written down this often, from so soon after the start on, instead of once a
            # minute from half a minute on: a broker that is killed before gives them back, and a redo's rows would stand
            # beside those that it removed.
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
        # A broker is among those that take work once it is registered, and the controller leads.
        health_command=probe(9092, _REQUEST, _ANSWER_TO_BROKERS, "[1-9a-f]$"),
        connection="kafka://{host}:{port}",
        cpu=cpu,
        memory=memory,
        tmpfs=tmpfs,
        user=1000,
        # The image starts as this user, and may not take the folder.
        tmpfs_options="uid=1000,gid=1000,mode=0755",
    )
