"""A server that stops responding is detected in time."""

import socket
import sys
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from core.connection import parse_connection
from core.errors import ServerError
from core.stores import POSTGRESQL
from worker.sources import open_source
from worker.sources.keep_alive import keep_alive


@pytest.mark.skipif(sys.platform != "linux", reason="other systems name these options otherwise")
def test_keep_alive_sets_options_of_tcp() -> None:
    with socket.socket() as connection:
        keep_alive(connection)
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        found = {name: connection.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) for name in _NAMES}
    assert found == {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 30_000}


_NAMES = ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")


def test_keep_alive_skips_unix_sockets() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        keep_alive(ours)
        assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 0


def test_connection_string_overrides_keep_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}

    def refuse(text: str, **others: object) -> None:
        given.update(conninfo_to_dict(text), **others)
        raise psycopg.OperationalError("no server")

    monkeypatch.setattr("psycopg.connect", refuse)
    url = "postgresql://u@h/d?keepalives_idle=99&connect_timeout=3"
    with pytest.raises(ServerError):
        open_source(POSTGRESQL, parse_connection(url, POSTGRESQL)).connect()
    assert (given["keepalives_idle"], given["connect_timeout"]) == ("99", "3")
    assert (given["tcp_user_timeout"], given["host"]) == (30_000, "h")
