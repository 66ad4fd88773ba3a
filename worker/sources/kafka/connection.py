"""Return librdkafka's properties for a connection string: brokers and login, and the properties in its options.

kafka://user:password@broker:9092,broker:9092?security.protocol=SASL_SSL&sasl.mechanism=SCRAM-SHA-512&ssl.ca.location=/file
"""

import re
from collections.abc import Mapping
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from core.connection import Connection
from core.errors import InputError
from worker.sources.kafka.errors import ClientErrors


def configuration(at: Connection, errors: ClientErrors) -> dict[str, Any]:
    """Return the client's properties; raise InputError for one that librdkafka does not accept."""
    given = _properties(at)
    if any(host.port is None for host in at.hosts):
        raise at.refused("names a Unix socket, which Kafka does not support", "name a broker")
    properties: dict[str, Any] = {
        "bootstrap.servers": ",".join(map(str, at.hosts)),
        "client.id": "loadtest",
        "error_cb": errors.record,
        # Its own lines on standard error would distract from the one with the remedy.
        "log_level": 0,
        "socket.connection.setup.timeout.ms": 10_000,
        "reconnect.backoff.max.ms": 1_000,
        **_login(at, given),
        **given,
    }
    # A client without a broker, which only checks the properties.
    alone: dict[str, Any] = {**properties, "bootstrap.servers": "127.0.0.1:1", "error_cb": lambda _: None}
    try:
        AdminClient(alone)
    except (KafkaException, ValueError, TypeError) as error:
        first = error.args[0] if error.args else error
        message = re.sub("^Failed to create [a-z ]+: ", "", first.str() if hasattr(first, "str") else str(first))
        raise at.refused(message, "write librdkafka's properties") from None
    return properties


def _properties(at: Connection) -> dict[str, str]:
    if at.database:
        raise at.refused("names a database, but Kafka has none", "write options after a ?, without a name before it")
    return dict(at.options)


def _login(at: Connection, given: Mapping[str, str]) -> dict[str, str]:
    """Return the properties for user and password before the @: SASL, with mechanism PLAIN unless another is set."""
    if at.user is None:
        return {}
    login = {"sasl.username": at.user, "sasl.password": at.password or ""}
    if twice := sorted(login.keys() & given.keys()):
        raise InputError(f"{at.key}: sets {twice[0]} twice, before the @ and as an option; write it once")
    if "sasl.mechanisms" not in given and "sasl.mechanism" not in given:
        login["sasl.mechanism"] = "PLAIN"
    return {"security.protocol": "sasl_plaintext", **login}
