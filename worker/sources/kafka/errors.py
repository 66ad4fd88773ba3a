"""Translate errors of Kafka and librdkafka into one line with a remedy."""

import time
from collections.abc import Mapping

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from core.connection import Connection
from core.errors import ServerError
from worker.sources.server_messages import LOST, MORE_DISK

_ANSWER_SECONDS = 5.0
_HANDSHAKE = "SSL handshake failed"
TOPIC_ALREADY_EXISTS = KafkaError.TOPIC_ALREADY_EXISTS


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
    code = KafkaError._SSL if _HANDSHAKE in message else cause.code()  # noqa: SLF001
    remedy = LOST if was_connected and code in _TIMEOUTS else _REMEDIES.get(code, "see the server's log")
    return ServerError(f"{at}: {message}; {remedy}", transient=_is_transient(cause))


def _is_transient(error: KafkaError) -> bool:
    """Return whether waiting may help; it does not after a failed TLS handshake, which has the code of a lost connection."""
    return error.code() in _TRANSIENT and _HANDSHAKE not in error.str()


def _codes(*names: str) -> tuple[int, ...]:
    return tuple(getattr(KafkaError, name) for name in names)


_TIMEOUTS = _codes("_TIMED_OUT", "_MSG_TIMED_OUT", "_TRANSPORT", "_ALL_BROKERS_DOWN", "REQUEST_TIMED_OUT")
_TRANSIENT = (
    *_TIMEOUTS,
    *_codes(
        "_RESOLVE", "LEADER_NOT_AVAILABLE", "COORDINATOR_LOAD_IN_PROGRESS", "BROKER_NOT_AVAILABLE", "NOT_CONTROLLER"
    ),
)
_REMEDIES: Mapping[int, str] = {
    **dict.fromkeys(
        (*_TIMEOUTS, *_codes("_RESOLVE", "BROKER_NOT_AVAILABLE")),
        "check that the server is up, and reachable under the name that it advertises",
    ),
    **dict.fromkeys(
        _codes("_AUTHENTICATION", "SASL_AUTHENTICATION_FAILED"), "check user and password in the connection string"
    ),
    **dict.fromkeys(_codes("UNSUPPORTED_SASL_MECHANISM"), "write a sasl.mechanism that the broker has"),
    **dict.fromkeys(_codes("_SSL"), "check security.protocol, ssl.ca.location and the client's certificate"),
    **dict.fromkeys(
        _codes("TOPIC_AUTHORIZATION_FAILED", "CLUSTER_AUTHORIZATION_FAILED"),
        "grant the user CREATE, DESCRIBE, DESCRIBE_CONFIGS, READ, WRITE and DELETE on the topics",
    ),
    **dict.fromkeys(_codes("KAFKA_STORAGE_ERROR"), MORE_DISK),
    **dict.fromkeys(
        _codes("MSG_SIZE_TOO_LARGE", "RECORD_LIST_TOO_LARGE"),
        "raise the topic's max.message.bytes, or make rows smaller",
    ),
    **dict.fromkeys(_codes("POLICY_VIOLATION"), "set the topic's cleanup.policy to delete, or load elsewhere"),
    **dict.fromkeys(_codes("UNKNOWN_TOPIC_OR_PART"), "run `worker prepare` first, which creates the topics"),
}
