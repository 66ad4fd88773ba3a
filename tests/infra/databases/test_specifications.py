"""Specifications of servers: a function of their limits, with a pinned image, sized within their memory, without secrets."""

import pytest

from core.stores import SOURCES
from core.units import MIB
from infra.databases import specification_of
from infra.databases.spec import DatabaseSpec

SERVERS = [name for name, source in SOURCES.items() if source.needs_server]
SIZES = (512 * MIB, 1024 * MIB, 8192 * MIB)


@pytest.fixture(params=SERVERS)
def source(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _of(source: str, memory: int = 1024 * MIB) -> DatabaseSpec:
    return specification_of(source, None, cpu=1, memory=memory, tmpfs=None)


def test_image_is_pinned_and_replaceable(source: str) -> None:
    name, _, tag = _of(source).image.partition(":")
    assert name
    assert tag.count(".") >= 1, "a tag without a minor version moves"
    assert specification_of(source, "mine:1", cpu=1, memory=MIB, tmpfs=None).image == "mine:1"


def test_specification_depends_on_limits(source: str) -> None:
    assert len({_of(source, memory).model_dump_json() for memory in SIZES}) == len(SIZES)


def test_password_is_only_in_secret_environment(source: str) -> None:
    specification = _of(source)
    shown = (*specification.arguments, *specification.environment.values(), *specification.health_command)
    assert not [text for text in shown if "{password}" in text]
    assert specification.tmpfs_options.count("{") == 0
    assert specification.port == SOURCES[source].port


@pytest.mark.parametrize(
    ("image", "heap"),
    [
        ("neo4j:4.4.40", "NEO4J_dbms_memory_heap_max__size"),
        ("neo4j:5.26.0", "NEO4J_server_memory_heap_max__size"),
        ("mirror:5000/neo4j", "NEO4J_server_memory_heap_max__size"),
    ],
)
def test_neo4j_setting_names_match_major_version(image: str, heap: str) -> None:
    environment = specification_of("neo4j", image, cpu=1, memory=1024 * MIB, tmpfs=None).environment
    assert environment[heap] == "256m"
    assert len([name for name in environment if "heap_max" in name]) == 1


def test_mysql_settings_exclude_removed_ones() -> None:
    dropped = ("innodb-log-file-size", "default-authentication-plugin", "mysql-native-password")
    assert not [setting for setting in _of("mysql").arguments if setting.startswith(tuple(f"--{d}" for d in dropped))]


def test_mongodb_is_replica_set_with_key_and_small_log() -> None:
    command = _of("mongodb").arguments
    assert {"--replSet=loadtest", "--wiredTigerCacheSizeGB=0.25", "--oplogSize=64"} < set(command)
    assert any(word.startswith("--keyFile=") for word in command)
    assert not [word for word in command if "nojournal" in word], "every replica set needs a journal"


def test_kafka_advertises_name_that_clients_use() -> None:
    environment = _of("kafka").environment_at("database")
    assert environment["KAFKA_ADVERTISED_LISTENERS"] == "PLAINTEXT://database:9092"
    assert environment["KAFKA_HEAP_OPTS"] == "-Xms256m -Xmx256m"
