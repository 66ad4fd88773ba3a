"""TLS to PostgreSQL by the options of the connection string: the server is who it says, or nothing is sent to it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from spec.connection import parse_connection
from spec.errors import ServerError
from spec.sources import POSTGRESQL
from tests.security.authority import Authority
from tests.serving import PASSWORD, Served, docker, serving
from tests.worker.sources.loading import KEYED
from tests.worker.verify.campaign import ROWS, rows_of, verified, write
from tests.worker.verify.embedded import embedded_postgresql
from worker.sources import open_source
from worker.sources.base import ALONE

pytestmark = pytest.mark.docker
_IN_CONTAINER = "/var/tmp"


@dataclass(frozen=True)
class Secured:
    """A server with a certificate of an authority for its address, and another authority."""

    url: str
    authority: Authority
    stranger: Authority


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving("postgresql") as server:
        yield server


@pytest.fixture
def secured(served: Served, tmp_path: Path) -> Secured:
    authority = Authority.made_in(tmp_path, "authority")
    _certify(served, authority, tmp_path, served.connection.host)
    return Secured(served.connection_string, authority, Authority.made_in(tmp_path, "stranger"))


def _certify(served: Served, authority: Authority, folder: Path, address: str) -> None:
    """Give the running server a certificate for an address."""
    for file in authority.sign(folder, address):
        docker("cp", str(file), f"{served.container.name}:{_IN_CONTAINER}/{file.name}")
        docker("exec", "--user=root", served.container.name, "chown", "postgres", f"{_IN_CONTAINER}/{file.name}")
    with psycopg.connect(served.connection_string, autocommit=True) as connection:
        for name, value in {"ssl_cert_file": "server.pem", "ssl_key_file": "server.key"}.items():
            connection.execute(f"ALTER SYSTEM SET {name} = '{_IN_CONTAINER}/{value}'".encode())
        connection.execute("ALTER SYSTEM SET ssl = on")
        before = _loaded_at(served)
        connection.execute("SELECT pg_reload_conf()")
    deadline = time.monotonic() + 20
    while _loaded_at(served) == before:
        assert time.monotonic() < deadline, "the server did not read its configuration again"
        time.sleep(0.05)


def _loaded_at(served: Served) -> object:
    """When the server read its configuration: a new connection knows."""
    with psycopg.connect(served.connection_string) as connection:
        return connection.execute("SELECT pg_conf_load_time()").fetchall()[0][0]


def test_a_verified_server_is_loaded_and_verified(secured: Secured) -> None:
    url = f"{secured.url}?sslmode=verify-full&sslrootcert={secured.authority.file}"
    source = open_source(POSTGRESQL, parse_connection(url, POSTGRESQL), ALONE)
    try:
        source.connect()
        write(source, KEYED, rows_of(KEYED))
        assert [found.matched for found in verified(source, KEYED)] == [ROWS]
        with psycopg.connect(url) as other:
            ((plain,),) = other.execute(
                "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE client_addr IS NOT NULL AND NOT ssl"
            ).fetchall()
        assert plain == 0
    finally:
        source.close()


def _refusal(url: str) -> str:
    source = open_source(POSTGRESQL, parse_connection(url, POSTGRESQL), ALONE)
    try:
        with pytest.raises(ServerError) as refused:
            source.connect()
    finally:
        source.close()
    text = str(refused.value)
    assert "\n" not in text
    assert PASSWORD not in text
    return text


def test_a_certificate_of_another_authority_is_refused(secured: Secured) -> None:
    said = _refusal(f"{secured.url}?sslmode=verify-full&sslrootcert={secured.stranger.file}")
    assert "certificate verify failed" in said


def test_a_certificate_of_another_address_is_refused(served: Served, secured: Secured, tmp_path: Path) -> None:
    _certify(served, secured.authority, tmp_path, "192.0.2.1")
    said = _refusal(f"{secured.url}?sslmode=verify-full&sslrootcert={secured.authority.file}")
    assert "192.0.2.1" in said
    assert "does not match host name" in said


def test_a_server_without_tls_is_refused_where_it_is_required() -> None:
    with embedded_postgresql() as url:
        assert "server does not support SSL" in _refusal(f"{url}?sslmode=require")
