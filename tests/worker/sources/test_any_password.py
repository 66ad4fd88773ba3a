"""Each server image accepts a password with all printable characters: workers connect, and the health check passes."""

import string

import pytest

from core.connection import parse_connection
from core.errors import ServerError
from core.stores import SOURCES
from testkit.docker_command import docker
from testkit.serving import serving
from tests.worker.sources.loading import connected
from worker.sources import open_source

pytestmark = pytest.mark.docker

PASSWORD = "-/ %41" + string.printable[:95]


@pytest.mark.parametrize("store", ["postgresql", "mysql", "mongodb", "neo4j"])
def test_password_with_all_printable_characters_is_accepted(store: str) -> None:
    with serving(store, password=PASSWORD) as served:
        # Its own health check has passed already.
        with connected(store, served.connection) as source:
            assert source.settings() is not None
        inspected = docker("container", "top", served.container.name, "-eo", "pid,args")
        assert PASSWORD not in inspected
        wrong = served.connection_string.replace(":-%2F", ":-")
        assert wrong != served.connection_string
        other = open_source(SOURCES[store], parse_connection(wrong, SOURCES[store]))
        try:
            with pytest.raises(ServerError, match="check user and password") as refused:
                other.connect()
        finally:
            other.close()
        assert not refused.value.transient
        assert PASSWORD[1:20] not in str(refused.value)
