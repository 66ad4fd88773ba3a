"""Read the key of each row from a source, with the bare driver or a plain reader of files."""

import csv
import io
import json
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO
from uuid import UUID

import psycopg
import pymysql
from bson.binary import UuidRepresentation
from bson.codec_options import CodecOptions
from confluent_kafka import Consumer, TopicPartition
from neo4j import GraphDatabase
from psycopg import sql
from pymongo import MongoClient

from core.connection import Connection

KEY = "id"
"""The primary key of every table in the campaign, which is its first column."""
Keys = Mapping[str, Sequence[str]]
"""Keys of all rows as text, in any order, by table."""
_SECONDS = 20
_UUID_BYTES = 16


def text_of(key: object) -> str:
    """Return a key as text, in the one spelling that all sources are compared in."""
    return str(UUID(bytes=key)) if isinstance(key, bytes) and len(key) == _UUID_BYTES else str(key)


def postgresql(at: Connection, tables: Sequence[str]) -> Keys:
    """Read keys with psycopg."""
    query = sql.SQL("SELECT {} FROM {}")
    with psycopg.connect(at.text, connect_timeout=_SECONDS) as connection:
        return {
            name: [
                text_of(key)
                for (key,) in connection.execute(query.format(sql.Identifier(KEY), sql.Identifier(name))).fetchall()
            ]
            for name in tables
        }


def mysql(at: Connection, tables: Sequence[str]) -> Keys:
    """Read keys with PyMySQL."""
    found: dict[str, Sequence[str]] = {}
    opened = pymysql.connect(
        host=at.host, user=at.user, password=at.password or "", database=at.database, ssl_disabled=True
    )
    with opened as connection, connection.cursor() as cursor:
        for name in tables:
            cursor.execute(f"SELECT `{KEY}` FROM `{name}`")  # noqa: S608 - the schema's own names
            found[name] = [text_of(key) for (key,) in cursor.fetchall()]
    return found


def mongodb(at: Connection, tables: Sequence[str]) -> Keys:
    """Read keys with PyMongo."""
    options: CodecOptions[dict[str, object]] = CodecOptions(uuid_representation=UuidRepresentation.STANDARD)
    with MongoClient[dict[str, object]](at.text) as client:
        collections = {name: client[at.database].get_collection(name, codec_options=options) for name in tables}
        return {name: [text_of(row["_id"]) for row in of.find({}, {"_id": 1})] for name, of in collections.items()}


def neo4j(at: Connection, tables: Sequence[str]) -> Keys:
    """Read keys with the Neo4j driver."""
    query = "MATCH (n) WHERE $label IN labels(n) RETURN n[$key]"
    with GraphDatabase.driver(f"bolt://{at.host}:{at.port}", auth=(at.user or "", at.password or "")) as driver:
        found = {name: driver.execute_query(query, label=name, key=KEY).records for name in tables}
    return {name: [text_of(record[0]) for record in records] for name, records in found.items()}


def kafka(at: Connection, tables: Sequence[str]) -> Keys:
    """Read keys with a consumer, from the first to the last offset of each partition."""
    consumer = Consumer({"bootstrap.servers": f"{at.host}:{at.port}", "group.id": "keys", "enable.auto.commit": False})
    try:
        return {name: _of_topic(consumer, name) for name in tables}
    finally:
        consumer.close()


def csv_files(archive: IO[bytes], tables: Sequence[str]) -> Keys:
    """Read keys with Python's csv module. Only the part with a table's first row has a header."""
    found: dict[str, list[str]] = {name: [] for name in tables}
    for table, first_row, lines in _parts(archive, tables):
        rows = csv.reader(io.StringIO(lines.decode(), newline=""))
        found[table] += [row[0] for row in rows][0 if first_row else 1 :]
    return found


def jsonl_files(archive: IO[bytes], tables: Sequence[str]) -> Keys:
    """Read keys with Python's json module."""
    found: dict[str, list[str]] = {name: [] for name in tables}
    for table, _, lines in _parts(archive, tables):
        found[table] += [text_of(json.loads(line)[KEY]) for line in lines.splitlines()]
    return found


SERVERS: Mapping[str, Callable[[Connection, Sequence[str]], Keys]] = {
    "postgresql": postgresql,
    "mysql": mysql,
    "mongodb": mongodb,
    "neo4j": neo4j,
    "kafka": kafka,
}
FILES: Mapping[str, Callable[[IO[bytes], Sequence[str]], Keys]] = {"csv": csv_files, "jsonl": jsonl_files}
"""The readers of a tar archive with the parts of tables, finished or not."""


def _of_topic(consumer: Consumer, topic: str) -> list[str]:
    known = consumer.list_topics(topic, _SECONDS).topics[topic].partitions
    partitions = [TopicPartition(topic, number) for number in known]
    bounds = [consumer.get_watermark_offsets(partition, timeout=_SECONDS) for partition in partitions]
    consumer.assign([TopicPartition(topic, p.partition, low) for p, (low, _) in zip(partitions, bounds, strict=True)])
    wanted, found = sum(high - low for low, high in bounds), list[str]()
    while len(found) < wanted:
        messages = consumer.consume(min(wanted - len(found), 100_000), timeout=_SECONDS)
        if not messages:
            raise TimeoutError(f"topic {topic} gave {len(found)} of {wanted} messages")
        found += [(message.key() or b"").decode() for message in messages if message.error() is None]
    return found


def _parts(archive: IO[bytes], tables: Sequence[str]) -> Iterator[tuple[str, int, bytes]]:
    """Yield table, first row and complete lines of each part of these tables, finished or not."""
    with tarfile.open(fileobj=archive) as tar:
        for member in tar.getmembers():
            content = tar.extractfile(member)
            if content is None:
                continue
            folder, _, part = member.name.rpartition("/")
            table = folder.rpartition("/")[2]
            if table in tables and not part.endswith(".done"):
                lines, end, _ = content.read().rpartition(b"\n")
                yield table, int(part.split(".")[0].removeprefix("part-")), lines + end
