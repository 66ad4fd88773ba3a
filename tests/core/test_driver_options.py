"""The declared options of connection strings, compared with what each driver itself accepts."""

import re
import warnings

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from neo4j import GraphDatabase
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict
from pymongo import MongoClient, common

from core.connection import parse_connection
from core.connection_options import check_options
from core.driver_options import KAFKA_OPTIONS, LIBPQ_OPTIONS, MONGODB_OPTIONS, NEO4J_OPTIONS
from core.errors import InputError
from core.stores import SOURCES

_OF_PYTHON = {
    "connect", "datetime_conversion", "driver", "server_api", "tz_aware", "unicode_decode_error_handler",
}  # fmt: skip
"""Arguments of MongoClient that are not options of a connection string."""

_INVALID = re.compile("Invalid value|Expected bool")
"""The beginnings of librdkafka's errors about a value; it has others about a property that others require."""


def _errors(source: str, text: str) -> list[str]:
    try:
        check_options(parse_connection(text, SOURCES[source], "KEY"), SOURCES[source])
    except InputError as error:
        return list(error.lines)
    return []


def test_libpq_options_are_those_of_the_driver():
    own = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    assert set(LIBPQ_OPTIONS) == own | {"ssl"}
    assert conninfo_to_dict("postgresql://h/d?ssl=true")["sslmode"] == "require"


def test_mongodb_options_are_those_of_the_driver():
    own = {name for name in common.URI_OPTIONS_VALIDATOR_MAP if name not in _OF_PYTHON}
    assert {name.lower() for name in MONGODB_OPTIONS} == own


@pytest.mark.parametrize("name", [name for name, option in MONGODB_OPTIONS.items() if option.values])
def test_mongodb_option_values_are_those_of_the_driver(name: str):
    for value in MONGODB_OPTIONS[name].values:
        assert not _driver_refuses_mongodb(name, value)
    assert _driver_refuses_mongodb(name, "other")


@pytest.mark.parametrize("name", KAFKA_OPTIONS)
def test_kafka_option_is_known_to_librdkafka(name: str):
    with pytest.raises(KafkaException) as refused:
        AdminClient({"bootstrap.servers": "127.0.0.1:1", "log_level": 0, name: "\x01", "no.such": "1"})
    # Properties are read in order: the error is about the value, or about the next property.
    assert f'No such configuration property: "{name}"' not in str(refused.value)


@pytest.mark.parametrize("name", [name for name, option in KAFKA_OPTIONS.items() if option.any_case])
def test_kafka_option_values_are_those_of_librdkafka(name: str):
    for value in KAFKA_OPTIONS[name].values:
        for written in (value, value.upper()):
            assert not _INVALID.search(_librdkafka_says(name, written))
    assert _INVALID.search(_librdkafka_says(name, "other"))


def test_neo4j_driver_accepts_policy_with_routing_only():
    assert list(NEO4J_OPTIONS) == ["policy"]
    GraphDatabase.driver("neo4j://127.0.0.1:1?policy=eu").close()


@pytest.mark.parametrize(
    ("source", "text", "lines"),
    [
        ("mongodb", "mongodb://h/d?tsl=true", ["KEY: option: 'tsl' is not known; did you mean tls?"]),
        ("mongodb", "mongodb://h/d?REPLICASET=a&w=majority", []),
        ("mongodb", "mongodb+srv://h/d?tls=yes", ["KEY: tls: 'yes' is not a valid value; use one of true, false"]),
        (
            "mongodb",
            "mongodb://h/d?connectTimeoutMS=2s;retrywrite=true",
            [
                "KEY: connectTimeoutMS: '2s' is not a number; write one like connectTimeoutMS=10",
                "KEY: option: 'retrywrite' is not known; did you mean retryWrites?",
            ],
        ),
        ("mongodb", "mongodb://h/d?tls=true&TLS=true", ["KEY: option: 'TLS' is given twice; write it once"]),
        ("mongodb", "mongodb://h/d?readPreferenceTags=a:b&readPreferenceTags=&readPreference=nearest", []),
        ("neo4j", "neo4j://h?polcy=eu", ["KEY: option: 'polcy' is not known; did you mean policy?"]),
        ("neo4j", "neo4j://h?encrypted=true", ["KEY: option: 'encrypted' is not known; write one of policy"]),
        ("kafka", "kafka://h?security.protocol=tls", [
            "KEY: security.protocol: 'tls' is not a valid value; use one of plaintext, ssl, sasl_plaintext, sasl_ssl"]),
        ("kafka", "kafka://h?security.protocol=SASL_SSL&sasl.mechanism=SCRAM-SHA-512", []),
        ("kafka", "kafka://h?sasl.mechansim=PLAIN", [
            "KEY: option: 'sasl.mechansim' is not known; did you mean sasl.mechanism?"]),
        ("postgresql", "postgresql://h/d?conect_timeout=3", [
            "KEY: option: 'conect_timeout' is not known; did you mean connect_timeout?"]),
        ("postgresql", "host=h password=my secret=1", [
            "KEY: one of the keywords is not known; did you mean sslcert?"]),
        ("postgresql", "postgresql://h/d?sslmode=disable&sslmode=require", []),
        ("mysql", "mysql://h/d?ssl-mode=required&socket=/x", []),
    ],
)  # fmt: skip
def test_options_are_checked_by_declaration(source: str, text: str, lines: list[str]):
    assert _errors(source, text) == lines


def _driver_refuses_mongodb(name: str, value: str) -> bool:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            MongoClient[dict[str, str]](f"mongodb://u:p@h/d?{name}={value}", connect=False).close()
        except Exception as error:  # noqa: BLE001 - a combination that the driver refuses is not a value
            return "must be" in str(error) and name.lower() in str(error).lower()
    return any(re.search("must be|is not a valid|is invalid", str(each.message)) for each in said)


def _librdkafka_says(name: str, value: str) -> str:
    try:
        AdminClient({"bootstrap.servers": "127.0.0.1:1", "log_level": 0, name: value})
    except (KafkaException, ValueError) as error:
        return str(error)
    return ""
