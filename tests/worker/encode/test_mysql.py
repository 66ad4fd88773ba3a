"""LOAD DATA against a real server: a client reads the rows back."""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pymysql
import pytest

from core.schema.model import Table
from core.schema.types import DataType, Kind
from tests.worker.encode import samples
from tests.worker.encode.mysql_reader import held, read, selected
from tests.worker.servers import mysql
from worker.encode.mysql import MysqlTextEncoder

pytestmark = pytest.mark.docker


def _members(type_: DataType) -> str:
    return ",".join(f"'{value.replace(chr(92), chr(92) * 2)}'" for value in type_.values)


_TYPES: Mapping[Kind, Callable[[DataType], str]] = {
    Kind.BOOL: lambda _: "boolean",
    Kind.INT8: lambda _: "tinyint",
    Kind.INT16: lambda _: "smallint",
    Kind.INT32: lambda _: "int",
    Kind.INT64: lambda _: "bigint",
    Kind.FLOAT32: lambda _: "float",
    Kind.FLOAT64: lambda _: "double",
    Kind.DECIMAL: lambda type_: f"decimal({type_.precision},{type_.scale})",
    **dict.fromkeys((Kind.CHAR, Kind.VARCHAR, Kind.TEXT, Kind.ULID), lambda _: "longtext"),
    **dict.fromkeys((Kind.BLOB, Kind.BYTES), lambda _: "longblob"),
    Kind.DATE: lambda _: "date",
    Kind.TIME: lambda _: "time(6)",
    **dict.fromkeys((Kind.DATETIME, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ), lambda _: "datetime(6)"),
    **dict.fromkeys((Kind.JSON, Kind.JSONB, Kind.ARRAY), lambda _: "json"),
    Kind.UUID: lambda _: "binary(16)",
    Kind.DURATION: lambda _: "bigint",
    Kind.POINT: lambda _: "point",
    Kind.ENUM: lambda type_: f"enum({_members(type_)})",
    Kind.SET: lambda type_: f"set({_members(type_)})",
}
_JSON_COLUMNS = (Kind.JSON, Kind.JSONB, Kind.ARRAY)


@pytest.fixture(scope="module")
def server() -> Iterator["pymysql.Connection[Any]"]:
    with mysql() as connection:
        yield connection


def _load(cursor: Any, table: Table, data: memoryview) -> None:
    definitions = [f"`{column.name}` {_TYPES[column.type.kind](column.type)}" for column in table.columns]
    cursor.execute("DROP TABLE IF EXISTS sample")
    cursor.execute(f"CREATE TABLE sample ({', '.join(definitions)}, PRIMARY KEY (id)) CHARACTER SET utf8mb4")
    converted = [column.name for column in table.columns if column.type.kind in _JSON_COLUMNS]
    columns = ", ".join(f"@`{c.name}`" if c.name in converted else f"`{c.name}`" for c in table.columns)
    conversions = ", ".join(f"`{name}` = CONVERT(@`{name}` USING utf8mb4)" for name in converted)
    file = os.memfd_create("rows")
    try:
        os.write(file, data)
        cursor.execute(
            f"LOAD DATA LOCAL INFILE '/proc/self/fd/{file}' INTO TABLE sample "
            f"CHARACTER SET binary ({columns}) SET {conversions}"
        )
    finally:
        os.close(file)
    cursor.execute("SHOW WARNINGS")
    assert cursor.fetchall() == ()


@pytest.mark.parametrize("nulls", [False, True])
def test_loaded_rows_read_back_equal(server: "pymysql.Connection[Any]", nulls: bool) -> None:
    table = samples.table()
    batch = samples.batch(table, nulls, without_nul=False)
    with server.cursor() as cursor:
        _load(cursor, table, MysqlTextEncoder(table).encode(batch).data)
        cursor.execute(f"SELECT {', '.join(map(selected, table.columns))} FROM sample ORDER BY id")
        found = cursor.fetchall()
    assert len(found) == samples.ROWS
    for values, row in zip(found, samples.rows_of(table, batch), strict=True):
        for column, value in zip(table.columns, values, strict=True):
            assert read(value, column.type) == held(row[column.name], column.type), column.name
