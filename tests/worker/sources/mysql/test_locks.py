"""A table that another session has locked."""

import socket

import pytest

from core.connection import parse_connection
from core.errors import ServerError
from core.options import OnExisting
from core.schema.file import parse_schema
from core.stores import MYSQL
from tests.worker.servers import DATABASE, PASSWORD, mysql
from worker.sources.error_boundary import ErrorBoundary
from worker.sources.mysql import source

SCHEMA = """
tables:
  - {name: numbers, primary_key: id, columns: [{name: id, data_type: integer}]}
"""


@pytest.mark.docker
def test_prepare_gives_up_on_locked_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_TABLE_SECONDS", 1)
    tables = parse_schema(SCHEMA, "made.yaml").tables
    with mysql() as other:
        url = f"mysql://root:{PASSWORD.replace(' ', '%20')}@{other.host}:3306/{DATABASE}"
        store = source.MySQL(parse_connection(url, MYSQL))
        ours = ErrorBoundary(store)
        ours.connect()
        assert store._server._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000
        ours.prepare(tables, OnExisting.EMPTY)
        other.begin()
        with other.cursor() as cursor:
            cursor.execute("INSERT INTO numbers VALUES (1)")
            with pytest.raises(ServerError, match=r"Lock wait timeout exceeded.*SHOW PROCESSLIST"):
                ours.prepare(tables, OnExisting.EMPTY)
        other.rollback()
        ours.prepare(tables, OnExisting.EMPTY)
        ours.close()
