"""A password of all printable characters reaches server and workers unchanged."""

import string

import pytest

from core.connection import parse_connection
from core.process import CONNECTION_VARIABLE
from core.stores import SOURCES
from tests.infra.platforms.rendering import Declared, ask_nobody, declare

PASSWORD = string.printable[:95] + "%41 {password}"
VARIABLES = {
    "postgresql": "POSTGRES_PASSWORD",
    "mysql": "MYSQL_PASSWORD",
    "mongodb": "MONGO_INITDB_ROOT_PASSWORD",
    "neo4j": "NEO4J_AUTH",
}
STORES = sorted(VARIABLES)


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the checks that need an engine or a cluster."""
    ask_nobody(monkeypatch)


@pytest.fixture(params=STORES)
def source(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _assert_reached(source: str, server: str, connection: str) -> None:
    assert server == ("neo4j/" if source == "neo4j" else "") + PASSWORD
    at = parse_connection(connection, SOURCES[source])
    assert at.password == PASSWORD
    assert at.port == SOURCES[source].port


def test_kubernetes_secrets_contain_password_unchanged(source: str) -> None:
    resources = declare("kubernetes", source=source, databasePassword=PASSWORD)
    texts: dict[str, str] = {}
    for each in resources:
        if each.type.endswith(":Secret"):
            texts |= each.inputs["stringData"]
    _assert_reached(source, texts[VARIABLES[source]], texts[CONNECTION_VARIABLE])


def test_docker_environments_contain_password_unchanged(source: str) -> None:
    containers = {
        each.name: _environment(each)
        for each in declare("docker", source=source, databasePassword=PASSWORD)
        if each.type == "docker:index/container:Container"
    }
    server = containers["small-database"][VARIABLES[source]]
    _assert_reached(source, server, containers["small-worker-1"][CONNECTION_VARIABLE])


def _environment(container: Declared) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in container.inputs["envs"])
