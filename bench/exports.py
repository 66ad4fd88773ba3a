"""References for `bench.verify`: the server's own export of whole tables, or its bare driver, read and discarded.

A tool runs in a container of the server's image, on the worker's core and in the server's network. A driver runs in this
process.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench.load_references import executed, seconds, timed
from testkit.serving import PASSWORD, Served

_BATCH_ROWS = 4_096
"""Documents per batch, as the worker asks for."""

Export = Callable[[Served, Sequence[str], int], Callable[[], float]]
"""A function of the server, the names of the tables and their rows, which returns a function that exports them and returns
its seconds."""


def mysql(served: Served, tables: Sequence[str], _: int) -> Callable[[], float]:
    """Print the tables with `mysql --quick`, which stores no result."""
    command = [
        *("mysql", "--host=127.0.0.1", "--user=loadtest", "--quick", "--batch", "--skip-column-names", "loadtest"),
        *("-e", ";".join(f"TABLE `{name}`" for name in tables)),
    ]
    return lambda: timed(served, command, {"MYSQL_PWD": PASSWORD})


def postgresql(served: Served, tables: Sequence[str], _: int) -> Callable[[], float]:
    """Print the tables with `psql` and `COPY TO STDOUT (FORMAT binary)`."""
    copies = [f"COPY {name} TO STDOUT (FORMAT binary)" for name in tables]
    command = ["psql", "-h127.0.0.1", "-Uloadtest", "-dloadtest", *(word for copy in copies for word in ("-c", copy))]
    return lambda: timed(served, command, {"PGPASSWORD": PASSWORD})


def mongodb(served: Served, tables: Sequence[str], _: int) -> Callable[[], float]:
    """Fetch batches of BSON with PyMongo."""
    from pymongo import MongoClient

    database = MongoClient[Any](served.connection_string)["loadtest"]

    def export() -> None:
        for name in tables:
            for _ in database[name].find_raw_batches({}, batch_size=_BATCH_ROWS):
                pass

    return lambda: seconds(export)


def neo4j(served: Served, tables: Sequence[str], _: int) -> Callable[[], float]:
    """Fetch the properties of the nodes with the driver."""
    from neo4j import GraphDatabase

    session: Any = GraphDatabase.driver(
        f"bolt://{served.connection.host}:7687", auth=("neo4j", PASSWORD), notifications_min_severity="OFF"
    ).session()

    def export() -> None:
        for name in tables:
            for _ in session.run(f"MATCH (n:{name}) RETURN properties(n)"):
                pass

    return lambda: seconds(export)


def kafka(served: Served, tables: Sequence[str], rows: int) -> Callable[[], float]:
    """Consume the topics with `kafka-consumer-perf-test`, and return the time that it measures without joining its group."""
    commands = [
        [
            # The class of kafka-consumer-perf-test.sh: small images lack the script.
            *("/opt/kafka/bin/kafka-run-class.sh", "org.apache.kafka.tools.ConsumerPerformance", "--topic", name),
            *("--bootstrap-server", "127.0.0.1:9092", "--messages", str(rows), "--timeout", "60000", "--hide-header"),
        ]
        for name in tables
    ]
    return lambda: sum(_fetch_seconds(served, command) for command in commands)


def _fetch_seconds(served: Served, command: Sequence[str]) -> float:
    """Return `fetch.time.ms` in seconds: the eighth of the ten figures that the tool prints."""
    figures = executed(served, command, {}).stdout.splitlines()[-1].split(", ")
    return float(figures[7]) / 1000


EXPORTS: Mapping[str, tuple[str, Export]] = {
    "mysql": ("mysql --quick", mysql),
    "postgresql": ("COPY TO STDOUT (binary) by psql", postgresql),
    "mongodb": ("find_raw_batches, FerretDB", mongodb),
    "neo4j": ("the driver's fetch", neo4j),
    "kafka": ("kafka-consumer-perf-test", kafka),
}
