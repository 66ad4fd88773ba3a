"""References for `bench.sources`: the server's own tool or its bare driver, with rows generated in advance.

A tool runs in a container of the server's image, on the worker's core and in the server's network. Its time is that of the
tool's process alone. A driver runs in this process, with its parameters in memory.
"""

import re
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from core.schema.model import Table
from core.schema.types import Kind
from core.units import MIB
from testkit.docker_command import docker
from testkit.serving import PASSWORD, Served
from worker.generate import Dataset

CHUNK = 10_000
"""Rows per call of a driver."""
FOLDER = "/rows"


@dataclass(frozen=True)
class Rows:
    """The rows to load: a number per table, and a folder for them as files."""

    dataset: Dataset
    tables: Sequence[Table]
    rows: int
    folder: Path

    @property
    def total(self) -> int:
        """The number of rows of all tables."""
        return self.rows * len(self.tables)

    def batches(self, table: Table) -> Iterator[pa.RecordBatch]:
        """Yield a table's rows in chunks."""
        for first in range(0, self.rows, CHUNK):
            yield self.dataset.table(table.name).batch(first, min(CHUNK, self.rows - first))


Reference = Callable[[Served, Rows], Callable[[], float]]
"""A function that generates the rows and returns a function, which loads them into empty tables and returns its seconds."""


@contextmanager
def client(served: Served, core: int, folder: Path) -> Iterator[str]:
    """Run an idle container of the server's image, in which tools are started."""
    name = f"{served.container.name}-client"
    # The user of the image is not the owner of the folder.
    folder.chmod(0o755)
    docker(
        *("run", "--detach", f"--name={name}", f"--network=container:{served.container.name}", f"--cpuset-cpus={core}"),
        *(f"--memory={1024 * MIB}", f"--volume={folder}:{FOLDER}:ro", "--entrypoint=sleep"),
        *(served.specification.image, "infinity"),
    )
    try:
        yield name
    finally:
        docker("rm", "--force", "--volumes", name)


def mysql(served: Served, rows: Rows) -> Callable[[], float]:
    """Load with `mysql` and `LOAD DATA LOCAL INFILE`, from a file in the page cache."""
    from worker.encode.mysql import MysqlTextEncoder

    _files(rows, ".tsv", lambda table: MysqlTextEncoder(table).encode)
    statements = [
        f"LOAD DATA LOCAL INFILE '{FOLDER}/{table.name}.tsv' INTO TABLE `{table.name}` CHARACTER SET binary"
        for table in rows.tables
    ]
    command = [
        "mysql",
        "--host=127.0.0.1",
        "--user=loadtest",
        "--local-infile=1",
        "loadtest",
        "-e",
        ";".join(statements),
    ]
    return lambda: timed(served, command, {"MYSQL_PWD": PASSWORD})


def postgresql(served: Served, rows: Rows) -> Callable[[], float]:
    r"""Load with `psql` and `\copy`, from a file in the page cache."""
    from worker.encode.csv import CsvEncoder

    _files(rows, ".csv", lambda table: CsvEncoder(table).encode)
    copies = [f"\\copy {table.name} from '{FOLDER}/{table.name}.csv' (format csv)" for table in rows.tables]
    command = ["psql", "-h127.0.0.1", "-Uloadtest", "-dloadtest", *(word for copy in copies for word in ("-c", copy))]
    return lambda: timed(served, command, {"PGPASSWORD": PASSWORD})


def mongodb(served: Served, rows: Rows) -> Callable[[], float]:
    """Load with PyMongo's `insert_many` of raw BSON, unordered."""
    from bson.raw_bson import RawBSONDocument
    from pymongo import MongoClient

    from worker.encode.bson import BsonEncoder

    made = [
        (table.name, [RawBSONDocument(one) for one in BsonEncoder(table).encode(batch).cut()])
        for table in rows.tables
        for batch in rows.batches(table)
    ]
    database = MongoClient[Any](served.connection_string)["loadtest"]
    return lambda: seconds(lambda: [database[name].insert_many(batch, ordered=False) for name, batch in made])


def neo4j(served: Served, rows: Rows) -> Callable[[], float]:
    """Load with UNWIND through the driver, with lists of Python values as parameters."""
    from neo4j import GraphDatabase

    made = [(_unwind(table), {"rows": _values(table, batch)}) for table in rows.tables for batch in rows.batches(table)]
    session: Any = GraphDatabase.driver(
        f"bolt://{served.connection.host}:7687", auth=("neo4j", PASSWORD), notifications_min_severity="OFF"
    ).session()
    return lambda: seconds(lambda: [session.run(query, rows).consume() for query, rows in made])


def kafka(served: Served, rows: Rows) -> Callable[[], float]:
    """Send the same messages with `kafka-producer-perf-test`, one per row, and return the time that it measures."""
    from worker.encode.json_text import NdjsonEncoder

    _files(rows, ".jsonl", lambda table: NdjsonEncoder(table).encode)
    settings = (
        "bootstrap.servers=127.0.0.1:9092",
        "acks=all",
        "compression.type=lz4",
        "linger.ms=5",
        "batch.size=1000000",
    )
    commands = [
        [
            *("/opt/kafka/bin/kafka-producer-perf-test.sh", "--topic", table.name, "--num-records", str(rows.rows)),
            *("--payload-file", f"{FOLDER}/{table.name}.jsonl", "--throughput", "-1", "--producer-props", *settings),
        ]
        for table in rows.tables
    ]
    return lambda: sum(rows.rows / _records_per_second(served, command) for command in commands)


def generation(_: Served | None, rows: Rows) -> Callable[[], float]:
    """Generate the data and load nothing: the limit for files."""
    return lambda: seconds(lambda: [sum(batch.num_rows for batch in rows.batches(table)) for table in rows.tables])


REFERENCES: Mapping[str, tuple[str, Reference]] = {
    "mysql": ("LOAD DATA by mysql", mysql),
    "postgresql": ("\\copy by psql", postgresql),
    "mongodb": ("raw insert_many, FerretDB", mongodb),
    "neo4j": ("UNWIND by the driver", neo4j),
    "kafka": ("kafka-producer-perf-test", kafka),
}


def _values(table: Table, batch: pa.RecordBatch) -> list[list[Any]]:
    """Return rows of Python values, with text in place of types that Neo4j lacks."""
    texts = {column.name for column in table.columns if column.type.kind in (Kind.DECIMAL, Kind.UUID)}
    columns = [
        [str(uuid.UUID(bytes=value)) if isinstance(value, bytes) else str(value) for value in values]
        if name in texts
        else values
        for name, values in batch.to_pydict().items()
    ]
    return list(map(list, zip(*columns, strict=True)))


def _unwind(table: Table) -> str:
    properties = ", ".join(f"{column.name}: row[{place}]" for place, column in enumerate(table.columns))
    return f"UNWIND $rows AS row CREATE (:{table.name} {{{properties}}})"


def _files(rows: Rows, suffix: str, encoder: Callable[[Table], Callable[[pa.RecordBatch], Any]]) -> None:
    for table in rows.tables:
        encode = encoder(table)
        with (rows.folder / f"{table.name}{suffix}").open("wb") as file:
            for batch in rows.batches(table):
                file.write(encode(batch).data)


def timed(served: Served, command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Return the seconds of a process in the client's container, measured by bash: without the start of `docker exec`."""
    said = executed(served, ["bash", "-c", 'TIMEFORMAT=%R; time "$@" >/dev/null', "bash", *command], environment)
    return float(said.stderr.split()[-1])


def _records_per_second(served: Served, command: Sequence[str]) -> float:
    said = executed(served, command, {}).stdout.splitlines()[-1]
    found = re.search(r"records sent, ([\d.]+) records/sec", said)
    if found is None:
        raise SystemExit(f"{command[0]} printed {said}")
    return float(found[1])


def executed(
    served: Served, command: Sequence[str], environment: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    """Run a command in the client's container."""
    variables = [f"--env={name}={value}" for name, value in environment.items()]
    whole = ["docker", "exec", *variables, f"{served.container.name}-client", *command]
    done = subprocess.run(whole, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} failed: {done.stderr}")
    return done


def seconds(work: Callable[[], object]) -> float:
    """Return how long the work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
