import pytest

from core.stores import SOURCES


@pytest.mark.parametrize(
    ("source", "settings", "server"),
    [
        ("postgresql", {"server_version": "17.2 (Debian 17.2-1.pgdg120+1)", "fsync": "off"}, "PostgreSQL 17.2"),
        ("mysql", {"version": "8.4.3"}, "MySQL 8.4.3"),
        ("mysql", {"version": "10.11.6-MariaDB-0+deb12u1"}, "MariaDB 10.11.6"),
        ("mongodb", {"version": "7.0.14"}, "MongoDB 7.0.14"),
        ("mongodb", {"version": "7.0.77", "ferretdb": "v2.1.0"}, "FerretDB 2.1.0"),
        ("neo4j", {"version": "5.26.0 community"}, "Neo4j 5.26.0"),
        ("neo4j", {"version": "not readable: bolt://db:7687: forbidden"}, "Neo4j"),
        ("kafka", {"acks": "all"}, "Kafka"),
        ("postgresql", {}, ""),
        ("csv", {}, ""),
    ],
)
def test_server_is_named_by_its_settings(source, settings, server):
    assert SOURCES[source].server_of(settings) == server
