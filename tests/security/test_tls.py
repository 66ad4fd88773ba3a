"""TLS by options of the connection string: the server proves its identity, or nothing is sent to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.connection import Connection, parse_connection
from core.errors import InputError, ServerError
from core.stores import SOURCES
from testkit.serving import PASSWORD, Served, serving
from tests.security.authority import Authority
from tests.security.tls_servers import SERVERS, MySql, Tls
from tests.worker.sources.loading import KEYED
from tests.worker.verify.campaign import ROWS, rows_of, verified, write
from worker.sources import open_source
from worker.sources.base import ALONE

pytestmark = pytest.mark.docker


@dataclass(frozen=True)
class Secured:
    """A server with a certificate for its address, the authority that signed it, and another authority."""

    kind: Tls
    served: Served
    authority: Authority
    stranger: Authority

    def at(self, options: str) -> Connection:
        """Return the server's connection with the given options."""
        return parse_connection(
            f"{self.served.connection_string.partition('?')[0]}?{options}", SOURCES[self.kind.source]
        )


@pytest.fixture(scope="module", params=SERVERS, ids=lambda kind: kind.source)
def running(request: pytest.FixtureRequest) -> Iterator[tuple[Tls, Served]]:
    with serving(request.param.source) as served:
        yield request.param, served


@pytest.fixture
def secured(running: tuple[Tls, Served], tmp_path: Path) -> Secured:
    kind, served = running
    authority = Authority.made_in(tmp_path, "authority")
    kind.certify(served, authority.file, *authority.sign(tmp_path, served.connection.host))
    return Secured(kind, served, authority, Authority.made_in(tmp_path, "stranger"))


def test_verified_server_is_loaded_and_refuses_plain_connections(secured: Secured) -> None:
    assert secured.kind.plain_refused in _refusal(secured, secured.kind.plain)
    at = secured.at(secured.kind.verified.format(secured.authority.file))
    source = open_source(SOURCES[secured.kind.source], at, ALONE)
    try:
        source.connect()
        write(source, KEYED, rows_of(KEYED))
        assert [found.matched for found in verified(source, KEYED)] == [ROWS]
    finally:
        source.close()


def _refusal(secured: Secured, options: str) -> str:
    source = open_source(SOURCES[secured.kind.source], secured.at(options), ALONE)
    try:
        with pytest.raises(ServerError) as refused:
            source.connect()
    finally:
        source.close()
    text = str(refused.value)
    assert "\n" not in text
    assert PASSWORD not in text
    return text


def test_certificate_of_another_authority_is_refused(secured: Secured) -> None:
    said = _refusal(secured, secured.kind.verified.format(secured.stranger.file))
    assert secured.kind.another_authority in said


def test_certificate_of_another_address_is_refused(secured: Secured, tmp_path: Path) -> None:
    secured.kind.certify(secured.served, secured.authority.file, *secured.authority.sign(tmp_path, "192.0.2.1"))
    said = _refusal(secured, secured.kind.verified.format(secured.authority.file))
    assert secured.kind.another_address in said


def test_server_without_tls_is_refused_if_required(secured: Secured) -> None:
    secured.kind.disable(secured.served)
    assert secured.kind.no_tls in _refusal(secured, secured.kind.required)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("ssl-mode=VERIFY_IDENTITY&ssl-ca=/absent.pem", "connectionString: ssl-ca: '/absent.pem' "),
        ("ssl-ca=/absent.pem", "connectionString: ssl-ca: '/absent.pem' has no effect with ssl-mode PREFERRED"),
        ("ssl-mode=REQUIRED&ssl-ca=/absent.pem", "has no effect with ssl-mode REQUIRED"),
        ("ssl-mode=VERIFY", "connectionString: ssl-mode: 'VERIFY' is not a valid value"),
    ],
)
def test_authority_without_verification_is_refused(options: str, said: str) -> None:
    url = f"mysql://me:{PASSWORD}@127.0.0.1:1/x?{options}"
    with pytest.raises(InputError) as refused:
        open_source(SOURCES[MySql.source], parse_connection(url, SOURCES[MySql.source]), ALONE)
    assert said in str(refused.value)
    assert ";" in str(refused.value)
