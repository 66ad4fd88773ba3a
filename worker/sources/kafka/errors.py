"""Translate errors of Kafka and librdkafka into one line with a remedy.

Sources of the codes: kafka.apache.org, "Error Codes"; librdkafka's rdkafka.h, whose own codes begin with `_`.
"""

import time
from typing import NamedTuple

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from core.connection import Connection
from core.errors import ServerError
from core.settings_key import setting_key
from worker.sources.known_errors import UNKNOWN, Known, KnownErrors, each
from worker.sources.server_messages import LOST, MORE_DISK

_ANSWER_SECONDS = 5.0
_HANDSHAKE = "SSL handshake failed"
TOPIC_ALREADY_EXISTS = KafkaError.TOPIC_ALREADY_EXISTS
_SSL = "_SSL"
_REACHABLE = "check that the server is up, and reachable under the name that it advertises"
_LARGER_MESSAGES = "raise the topic's max.message.bytes, or use shorter values in the schema"
_TIMEOUTS = tuple(
    getattr(KafkaError, name)
    for name in ("_TIMED_OUT", "_MSG_TIMED_OUT", "_TRANSPORT", "_ALL_BROKERS_DOWN", "REQUEST_TIMED_OUT")
)

KNOWN = KnownErrors(
    *each(("_TIMED_OUT", "_MSG_TIMED_OUT", "_TIMED_OUT_QUEUE", "_TRANSPORT", "_ALL_BROKERS_DOWN", "REQUEST_TIMED_OUT",
           "NETWORK_EXCEPTION"),
          "a broker that cannot be reached or does not answer",
          _REACHABLE, transient=True),
    Known("_RESOLVE", "a broker whose name cannot be resolved", _REACHABLE, transient=True),
    Known("BROKER_NOT_AVAILABLE", "a broker that is starting or has ended", _REACHABLE, transient=True),
    *each(("LEADER_NOT_AVAILABLE", "NOT_CONTROLLER", "COORDINATOR_LOAD_IN_PROGRESS"), "a cluster that elects a leader",
          "wait until every partition has a leader", transient=True),
    *each(("NOT_LEADER_FOR_PARTITION", "REPLICA_NOT_AVAILABLE", "FENCED_LEADER_EPOCH", "UNKNOWN_LEADER_EPOCH",
           "_UNKNOWN_BROKER", "PREFERRED_LEADER_NOT_AVAILABLE", "ELIGIBLE_LEADERS_NOT_AVAILABLE", "STALE_BROKER_EPOCH"),
          "partitions that move between brokers",
          "wait until the cluster has settled, and run again"),
    *each(("_AUTHENTICATION", "SASL_AUTHENTICATION_FAILED"), "a wrong user or password",
          "check user and password in the connection string"),
    Known("UNSUPPORTED_SASL_MECHANISM", "a login mechanism that the broker lacks",
          "write a sasl.mechanism that the broker has"),
    *each(("ILLEGAL_SASL_STATE", "SECURITY_DISABLED"), "a listener without a login",
          "write the port of the listener with SASL, or another security.protocol"),
    Known("_SSL", "a failed TLS handshake", "check security.protocol, ssl.ca.location and the client's certificate"),
    Known("TOPIC_AUTHORIZATION_FAILED", "a missing right on a topic",
          "grant the user CREATE, DESCRIBE, DESCRIBE_CONFIGS, READ, WRITE, ALTER and DELETE on the topics"),
    Known("CLUSTER_AUTHORIZATION_FAILED", "a missing right on the cluster",
          "grant the user CREATE on the topics or the cluster, and IDEMPOTENT_WRITE on a broker before 2.8"),
    *each(("GROUP_AUTHORIZATION_FAILED", "TRANSACTIONAL_ID_AUTHORIZATION_FAILED", "DELEGATION_TOKEN_AUTHORIZATION_FAILED"),
          "a missing right",
          "grant the user what the message names"),
    Known("KAFKA_STORAGE_ERROR", "a full or failed disk of the broker", MORE_DISK),
    *each(("MSG_SIZE_TOO_LARGE", "RECORD_LIST_TOO_LARGE"), "a message larger than the topic takes",
          _LARGER_MESSAGES),
    Known("INVALID_MSG_SIZE", "a record batch larger than the topic's segments",
          "raise the topic's segment.bytes, or use shorter values in the schema"),
    Known("POLICY_VIOLATION", "a policy of the broker for topics",
          "set the topic's cleanup.policy to delete, or create the topic as the broker's policy requires"),
    Known("INVALID_RECORD", "a message that a topic's check refuses",
          "set the topic's cleanup.policy to delete, and remove its schema validation"),
    *each(("INVALID_MSG", "_BAD_MSG"), "damaged bytes", "check the network, and the broker's log"),
    Known("INVALID_TIMESTAMP", "a time that the topic does not accept",
          "raise the topic's message.timestamp.before.max.ms and message.timestamp.after.max.ms, and check the clocks"),
    *each(("UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC", "_UNKNOWN_PARTITION", "UNKNOWN_TOPIC_ID", "INCONSISTENT_TOPIC_ID"),
          "a topic or partition that does not exist",
          "run `worker prepare` first, which creates the topics, and do not delete a topic during a run"),
    Known("TOPIC_ALREADY_EXISTS", "a topic that exists already",
          f"delete the topic, or set {setting_key('onExisting')} to empty"),
    Known("TOPIC_DELETION_DISABLED", "topics that may not be deleted", "set the broker's delete.topic.enable to true"),
    Known("TOPIC_EXCEPTION", "a name that the broker refuses", "rename the table in the schema"),
    *each(("INVALID_PARTITIONS", "INVALID_REPLICA_ASSIGNMENT"), "a number of partitions that the broker refuses",
          "lower workers, or create the topic yourself"),
    Known("INVALID_REPLICATION_FACTOR", "fewer brokers than copies of each message",
          "lower the broker's default.replication.factor, or start more brokers"),
    Known("INVALID_CONFIG", "a setting of a topic that the broker refuses",
          "create the topic yourself with max.message.bytes as large as its messages"),
    *each(("NOT_ENOUGH_REPLICAS", "NOT_ENOUGH_REPLICAS_AFTER_APPEND"), "fewer copies in sync than the topic requires",
          "start the missing brokers, or lower the topic's min.insync.replicas"),
    *each(("INVALID_REQUIRED_ACKS", "UNSUPPORTED_VERSION", "UNSUPPORTED_FOR_MESSAGE_FORMAT", "_UNSUPPORTED_FEATURE",
           "INVALID_REQUEST"),
          "a broker that lacks a feature",
          "connect to Kafka 2.8 or later"),
    *each(("UNSUPPORTED_COMPRESSION_TYPE", "_BAD_COMPRESSION"), "a compression that the broker lacks",
          "set the topic's compression.type to producer, on a broker that has lz4"),
    *each(("OFFSET_OUT_OF_RANGE", "_AUTO_OFFSET_RESET", "_NO_OFFSET", "OFFSET_NOT_AVAILABLE", "_LOG_TRUNCATION"),
          "messages that were deleted while they were read",
          "raise the topic's retention.ms and retention.bytes, and run again"),
    *each(("OUT_OF_ORDER_SEQUENCE_NUMBER", "DUPLICATE_SEQUENCE_NUMBER", "UNKNOWN_PRODUCER_ID", "_GAPLESS_GUARANTEE"),
          "a producer whose messages the broker lost or forgot",
          "run again, and check why the broker or its disk was replaced"),
    *each(("INVALID_PRODUCER_EPOCH", "PRODUCER_FENCED", "_FENCED", "_FATAL"), "a producer that the broker has ended",
          "see the broker's log for the reason, and run again"),
    Known("THROTTLING_QUOTA_EXCEEDED", "a quota of the user", "raise the user's controller_mutation_rate"),
    Known("_QUEUE_FULL", "more messages than the client's queue takes", "lower batchSize"),
    *each(("_PURGE_QUEUE", "_PURGE_INFLIGHT", "_DESTROY", "_STATE"), "a client that was closed",
          "see the error before this one"),
    Known("_CRIT_SYS_RESOURCE", "too little memory or too few threads for the client", "raise memoryLimit"),
    Known("_FS", "a file that the client cannot read", "check the files that the connection string names"),
    *each(("_INVALID_ARG", "_NOT_IMPLEMENTED"), "a property that librdkafka does not accept",
          "correct the options in the connection string"),
)  # fmt: skip


class MessageLimits(NamedTuple):
    """The most bytes of one message."""

    client: int
    """What the producer is configured for."""
    topic: int
    """The topic's max.message.bytes."""


class ClientErrors:
    """Errors that the client's background threads report. A failed request only times out; these errors have the reason."""

    def __init__(self, at: Connection) -> None:
        self._at = at
        self._last: KafkaError | None = None
        self._failed: KafkaError | None = None

    def record(self, error: KafkaError) -> None:
        """Record an error, as the client's `error_cb`. 'All brokers are down' follows the error with the reason."""
        if error.code() != KafkaError._ALL_BROKERS_DOWN or self._last is None:  # noqa: SLF001
            self._last = error

    def await_answer(self, admin: AdminClient) -> None:
        """Wait for a broker's answer; raise KafkaException at once for a refusal that waiting does not change."""
        deadline = time.monotonic() + _ANSWER_SECONDS
        while True:
            try:
                admin.list_topics(timeout=1)
            except KafkaException:
                # Calls `error_cb` with the reason.
                admin.poll(0.1)
                permanent = self._last is not None and not _is_transient(self._last)
                if permanent or time.monotonic() > deadline:
                    raise
            else:
                return

    def record_undelivered(self, error: KafkaError | None, _: object) -> None:
        """Record a message's delivery report, which exists for errors only."""
        if error is not None and self._failed is None:
            self._failed = error

    def raise_undelivered(self) -> None:
        """Raise ServerError if a message was not delivered since the last call."""
        if self._failed is not None:
            error, self._failed = self._failed, None
            raise server_error(error, self._at, self, was_connected=True)

    def refused(self, error: KafkaError, size: int, limits: "MessageLimits") -> ServerError:
        """Return the error for a message of `size` bytes that the client did not accept."""
        if error.code() != KafkaError.MSG_SIZE_TOO_LARGE:
            return server_error(error, self._at, self, was_connected=True)
        if limits.client < limits.topic:
            problem = f"exceeds the {limits.client:,} bytes that a worker sends in one"
            return ServerError(f"{self._at}: a message of {size:,} bytes {problem}; use shorter values in the schema")
        problem = f"exceeds the topic's max.message.bytes ({limits.topic:,})"
        return ServerError(f"{self._at}: a message of {size:,} bytes {problem}; {_LARGER_MESSAGES}")

    @property
    def reason(self) -> KafkaError | None:
        """Return the last error of a connection."""
        return self._last


def server_error(
    error: KafkaError, at: Connection, errors: ClientErrors, *, was_connected: bool = False
) -> ServerError:
    """Return an error of one line: the place, the message of the server or driver, and a remedy.

    `was_connected` is true if the server had accepted rows before.
    """
    reason = errors.reason
    cause = reason if reason is not None and error.code() in _TIMEOUTS else error
    message = at.redacted(cause.str())
    known = KNOWN.find(_SSL if _HANDSHAKE in message else cause.name(), message)
    if was_connected and cause.code() in _TIMEOUTS and _HANDSHAKE not in message:
        remedy = LOST
    else:
        remedy = known.remedy if known else UNKNOWN
    return ServerError(f"{at}: {message}; {remedy}", transient=_is_transient(cause))


def _is_transient(error: KafkaError) -> bool:
    """Return whether waiting may help; it does not after a failed TLS handshake, which has the code of a lost connection."""
    known = KNOWN.find(error.name(), error.str())
    return known is not None and known.transient and _HANDSHAKE not in error.str()
