"""A real PostgreSQL: any password and a Unix socket work; permanent refusals end at once with their cause."""

import string
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from core.connection import parse_connection
from core.errors import InputError, ServerError
from core.stores import POSTGRESQL
from testkit.embedded import embedded_postgresql
from tests.worker.sources.loading import connected
from worker.retry import retry_until
from worker.sources import open_source

EVERY_CHARACTER = " " + "".join(reversed(string.printable[:95])) + "%41 "
PATIENCE = 20.0


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with embedded_postgresql(EVERY_CHARACTER) as text:
        yield text


def _written(url: str) -> str:
    """Return the password as it is quoted in the connection string."""
    return url.split("://loadtest:")[1].partition("@")[0]


def test_password_with_all_printable_characters_is_accepted(url: str) -> None:
    assert _written(url) == quote(EVERY_CHARACTER, safe="")
    with connected("postgresql", parse_connection(url, POSTGRESQL)) as source:
        assert source.settings()["server_version"]


def test_keyword_form_connects(url: str) -> None:
    at = parse_connection(url, POSTGRESQL)
    quoted = EVERY_CHARACTER.replace("\\", "\\\\").replace("'", "\\'")
    text = f"host={at.host} port={at.port} user=loadtest dbname=loadtest password='{quoted}'"
    with connected("postgresql", parse_connection(text, POSTGRESQL)) as source:
        assert source.settings()["server_version"]


def test_second_of_several_hosts_is_used(url: str) -> None:
    at = parse_connection(url, POSTGRESQL)
    text = url.replace(f"@127.0.0.1:{at.port}", f"@127.0.0.1:1,127.0.0.1:{at.port}")
    with connected("postgresql", parse_connection(text, POSTGRESQL)) as source:
        assert source.settings()["server_version"]


@pytest.mark.parametrize(
    "form", ["postgresql://loadtest:{}@/loadtest?host={}&port={}", "postgresql://loadtest:{}@{}:{}/loadtest"]
)
def test_unix_socket_connects(url: str, form: str) -> None:
    with psycopg.connect(url) as session:
        row = session.execute("SHOW unix_socket_directories").fetchone()
    assert row is not None
    assert Path(row[0]).is_absolute(), "the folder of the test is too long for a socket"
    text = form.format(_written(url), quote(row[0], safe=""), parse_connection(url, POSTGRESQL).port)
    with connected("postgresql", parse_connection(text, POSTGRESQL)) as source:
        assert source.settings()["server_version"]


@pytest.mark.parametrize(
    ("change", "said", "remedy"),
    [
        (("", "?sslmode=require"), "server does not support SSL", "sslmode=disable"),
        (("loadtest:", "loadtest:wrong-"), "password authentication failed", "check user and password"),
        (("//loadtest:", "//nobody:"), "authentication failed", "check user and password"),
        (("/loadtest", "/nowhere"), 'database "nowhere" does not exist', "create the database"),
        (("", "?require_auth=md5"), "authentication method", "use a method of authentication"),
    ],
)
def test_permanent_refusal_ends_at_once(url: str, change: tuple[str, str], said: str, remedy: str) -> None:
    before, after = change
    text = url.replace(before, after) if before.startswith(("/loadtest", "//", "loadtest:")) else url + after
    if before == "/loadtest":
        text = url.removesuffix(before) + after
    source = open_source(POSTGRESQL, parse_connection(text, POSTGRESQL))
    started = time.monotonic()
    with pytest.raises(ServerError) as refused:
        retry_until(PATIENCE, source.connect)
    assert time.monotonic() - started < PATIENCE / 2
    line = str(refused.value)
    assert said in line
    assert remedy in line
    assert "\n" not in line
    assert EVERY_CHARACTER[1:9] not in line
    assert not refused.value.transient


@pytest.mark.parametrize("option", ["sslmode=maybe", "target_session_attrs=some"])
def test_option_with_unknown_value_is_refused(url: str, option: str) -> None:
    name, _, value = option.partition("=")
    with pytest.raises(InputError, match=rf"^connectionString: {name}: '{value}' is not a valid value; use one of "):
        open_source(POSTGRESQL, parse_connection(f"{url}?{option}", POSTGRESQL))


def test_error_of_absent_server_is_transient(url: str) -> None:
    at = parse_connection(url, POSTGRESQL)
    source = open_source(POSTGRESQL, parse_connection(url.replace(f":{at.port}/", ":1/"), POSTGRESQL))
    with pytest.raises(ServerError, match=r"Connection refused.*check that the server is up and reachable") as refused:
        source.connect()
    assert refused.value.transient
