"""LOAD DATA's text against a real server: what it took is what a client reads."""

import json
import os
import struct
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pymysql
import pytest

from spec.schema import Table
from spec.types import DataType, Kind
from tests.worker.encode import samples
from tests.worker.encode.texts import read_json
from tests.worker.servers import mysql
from worker.encode.mysql_text import CONVERTED, MysqlTextEncoder

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


@pytest.fixture(scope="module")
def server() -> Iterator["pymysql.Connection[Any]"]:
    with mysql() as connection:
        yield connection


def _load(cursor: Any, table: Table, data: memoryview) -> None:
    definitions = [f"`{column.name}` {_TYPES[column.type.kind](column.type)}" for column in table.columns]
    cursor.execute("DROP TABLE IF EXISTS sample")
    cursor.execute(f"CREATE TABLE sample ({', '.join(definitions)}, PRIMARY KEY (id)) CHARACTER SET utf8mb4")
    converted = [column.name for column in table.columns if column.type.kind in CONVERTED]
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
def test_the_server_holds_the_values(server: "pymysql.Connection[Any]", nulls: bool) -> None:
    table = samples.table()
    batch = samples.batch(table, nulls, without_nul=False)
    with server.cursor() as cursor:
        _load(cursor, table, MysqlTextEncoder(table).encode(batch).data)
        # a float is shown with six digits, and has more
        columns = [f"`{c.name}` + 0E0" if c.type.kind is Kind.FLOAT32 else f"`{c.name}`" for c in table.columns]
        cursor.execute(f"SELECT {', '.join(columns)} FROM sample ORDER BY id")
        found = cursor.fetchall()
    assert len(found) == samples.ROWS
    for values, row in zip(found, samples.rows_of(table, batch), strict=True):
        for column, value in zip(table.columns, values, strict=True):
            assert _read(value, column.type) == _held(row[column.name], column.type), column.name


def _read(value: Any, type_: DataType) -> Any:
    if value is None:
        return None
    if type_.kind is Kind.ARRAY:
        return _held(read_json(json.loads(value, parse_float=Decimal), type_), type_)
    return _READERS.get(type_.kind, lambda read: read)(value)


_READERS: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.TIME: lambda value: (datetime(2000, 1, 1, tzinfo=UTC) + value).time(),
    Kind.TIMESTAMP_TZ: lambda value: value.replace(tzinfo=UTC),
    Kind.JSON: json.loads,
    Kind.JSONB: json.loads,
    Kind.UUID: lambda value: uuid.UUID(bytes=value),
    Kind.DURATION: lambda value: timedelta(microseconds=value),
    Kind.POINT: lambda value: struct.unpack("<dd", value[-16:]),
    Kind.SET: lambda value: set(value.split(",")) if value else set(),
}


def _held(value: Any, type_: DataType) -> Any:
    """What the server can hold of a value: a set has no order, and a JSON number the digits of a double."""
    if value is None:
        return None
    if type_.kind is Kind.SET:
        return set(value)
    if type_.kind is Kind.ARRAY and type_.element is not None:
        numbers = type_.element.kind is Kind.DECIMAL
        return [float(item) if item is not None and numbers else _held(item, type_.element) for item in value]
    if type_.kind in (Kind.JSON, Kind.JSONB) and isinstance(value, int) and value > 2**64:
        return float(value)
    return value
