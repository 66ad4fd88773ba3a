"""Rows that other clients add to a table: unplanned keys, keys of another type, and duplicates."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import bson
import psycopg
import pymysql
from confluent_kafka import Producer
from neo4j import GraphDatabase
from psycopg import sql
from pymongo import MongoClient

from tests.worker.verify.conftest import Place

NUMBERED, NAMED = "numbered", "named"


class OtherClient(ABC):
    """Changes to a table by another client."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def reset(self, table: str) -> None:  # noqa: B027 - `prepare` empties most sources
        """Remove a table whose columns `add` or `double` changed."""

    @abstractmethod
    def add(self, table: str) -> int:
        """Add rows with unplanned keys of any type that the source permits; return their number."""

    def double(self, table: str, keys: Sequence[object]) -> int:
        """Store duplicates of rows; return how many the source accepted."""
        return 0


class _Files(OtherClient):
    def add(self, table: str) -> int:
        lines = self._lines(table)
        part = max(Path(urlparse(self._place.url).path, table).glob("part-*"))
        with part.open("ab") as file:
            file.writelines(line + b"\n" for line in lines)
        return len(lines)

    @abstractmethod
    def _lines(self, table: str) -> Sequence[bytes]:
        """Return rows that no worker wrote."""


class _Csv(_Files):
    def _lines(self, table: str) -> Sequence[bytes]:
        odd = (b"10.5", b"99999999999999999999", b"one", b"NaN", b'""') if table == NUMBERED else (b'""', b"unplanned")
        return [b",1.00,x", *(key + b",1.00,x" for key in odd), b"key-99999"]


class _Jsonl(_Files):
    def _lines(self, table: str) -> Sequence[bytes]:
        return _documents(table)


def _documents(table: str) -> Sequence[bytes]:
    keys: Sequence[Any] = (None, "5", 10.5, 10**20, True, [1], {}) if table == NUMBERED else (None, 5, "unplanned", [])
    return [b"no JSON", b"[1]", b"{}", *(json.dumps({"id": key, "amount": 1}).encode() for key in keys)]


class _Kafka(OtherClient):
    def add(self, table: str) -> int:
        producer = Producer({"bootstrap.servers": urlparse(self._place.url).netloc.rpartition("@")[2]})
        values = [*_documents(table), None, b""]
        for number, value in enumerate(values):
            producer.produce(table, value, key=None if number % 2 else b"5", partition=number % 4)
        producer.flush(20)
        return len(values)


class _PostgreSQL(OtherClient):
    def reset(self, table: str) -> None:
        self._run(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(table)))

    def add(self, table: str) -> int:
        self._loosen(table)
        keys = ["10.5", "NaN", None, None, "1e30", "-1e30", "0"] if table == NUMBERED else [None, "", "unplanned"]
        for key in keys:
            self._run(sql.SQL("INSERT INTO {} (id) VALUES ({})").format(sql.Identifier(table), sql.Literal(key)))
        return len(keys)

    def double(self, table: str, keys: Sequence[object]) -> int:
        self._loosen(table)
        copy = sql.SQL("INSERT INTO {0} SELECT * FROM {0} WHERE id IN ({1})")
        self._run(copy.format(sql.Identifier(table), sql.SQL(", ").join(map(sql.Literal, keys))))
        return len(keys)

    def _loosen(self, table: str) -> None:
        name, key = sql.Identifier(table), sql.Identifier(f"{table}_pkey")
        self._run(sql.SQL("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}").format(name, key))
        for column in ("id", "amount", "note"):
            self._run(sql.SQL("ALTER TABLE {} ALTER {} DROP NOT NULL").format(name, sql.Identifier(column)))
        if table == NUMBERED:
            self._run(sql.SQL("ALTER TABLE {} ALTER id TYPE numeric").format(name))

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self._place.url, autocommit=True) as connection:
            connection.execute(statement)


class _MySQL(OtherClient):
    def reset(self, table: str) -> None:
        self._run(f"DROP TABLE IF EXISTS {table}")

    def add(self, table: str) -> int:
        self._loosen(table)
        keys = [10.5, None, None, 1e30, -1e30, 0] if table == NUMBERED else [None, "", "unplanned"]
        for key in keys:
            self._run(f"INSERT INTO {table} (id) VALUES (%s)", [key])
        return len(keys)

    def double(self, table: str, keys: Sequence[object]) -> int:
        self._loosen(table)
        self._run(f"INSERT INTO {table} SELECT * FROM {table} WHERE id IN %s", [list(keys)])
        return len(keys)

    def _loosen(self, table: str) -> None:
        id_ = "double" if table == NUMBERED else "varchar(40)"
        columns = f"MODIFY id {id_} NULL, MODIFY amount decimal(10,2) NULL, MODIFY note longtext NULL"
        with_key = self._run(f"SHOW KEYS FROM {table}")
        self._run(f"ALTER TABLE {table} {'DROP PRIMARY KEY, ' if with_key else ''}{columns}")

    def _run(self, statement: str, values: Sequence[object] = ()) -> int:
        at = self._place.connection
        with (
            pymysql.connect(
                host=at.host, user=at.user, password=at.password or "", database=at.database,
                ssl_disabled=True, autocommit=True, charset="utf8mb4",
            ) as connection,
            connection.cursor() as cursor,
        ):  # fmt: skip
            return int(cursor.execute(statement, values or None))


class _MongoDB(OtherClient):
    def add(self, table: str) -> int:
        keys: Sequence[Any] = (
            (None, "5", 10.5, float("nan"), bson.ObjectId(), -7.25) if table == NUMBERED else (None, 5, "unplanned")
        )
        with MongoClient[dict[str, Any]](self._place.url) as client:
            client["loadtest"][table].insert_many([{"_id": key} for key in keys])
        return len(keys)


class _Neo4j(OtherClient):
    def add(self, table: str) -> int:
        keys: Sequence[Any] = (
            (None, "5", 10.5, float("nan"), [1], True, -1e300) if table == NUMBERED else (None, 5, "unplanned")
        )
        for key in keys:
            self._run(f"CREATE (n:{table}) SET n.id = $key", key=key)
        return len(keys)

    def double(self, table: str, keys: Sequence[object]) -> int:
        self._run(f"DROP CONSTRAINT `loadtest.{table}.id` IF EXISTS")
        self._run(f"MATCH (n:{table}) WHERE n.id IN $keys CREATE (m:{table}) SET m = properties(n)", keys=list(keys))
        return len(keys)

    def _run(self, query: str, **parameters: object) -> None:
        at = self._place.connection
        with GraphDatabase.driver(f"bolt://{at.host}:{at.port}", auth=(at.user or "", at.password or "")) as driver:
            driver.execute_query(query, parameters)


OTHER_CLIENTS: Mapping[str, Callable[[Place], OtherClient]] = {
    "csv": _Csv,
    "jsonl": _Jsonl,
    "kafka": _Kafka,
    "postgresql": _PostgreSQL,
    "mysql": _MySQL,
    "mongodb": _MongoDB,
    "neo4j": _Neo4j,
}
