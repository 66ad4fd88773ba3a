"""Compare one worker on one core with the server's own tool or bare driver, for each source, in turns.

    python -m bench.sources [--rows 1000000] [--runs 5] [--source mysql ...]

The server has the other core, and its data are in a RAM disk. The worker generates its rows during the load; the rows of
the reference are generated in advance. The worker's rate covers the time from connecting to the last acknowledgement. For
files, which have no server, the reference is the generation of the data.
"""

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ |= {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}

import pyarrow as pa

from bench import load_references as references
from bench.record import record, table
from bench.worker_process import SCHEMA, TABLES, run_worker
from core.options import OnExisting
from core.plan import BASE_INSTANT
from core.results import WorkerResult
from core.schema.file import load_schema
from core.stores import BULK, INSERT, SOURCES
from core.units import GIB
from testkit.docker_command import docker
from testkit.serving import Served, serving
from worker.generate import Dataset
from worker.sources import open_source

BATCH_ROWS, SMALL_BATCH_ROWS = 5_000, 500
"""The batch sizes of the large and the small preset."""
INSERTED_SHARE = 50
"""`method: insert` loads one row in this many, because its rate does not depend on the number of rows."""
SIZES = {"mongodb": 0.25, "neo4j": 0.125, "kafka": 0.25, "csv": 2, "jsonl": 2}
"""Factors on the number of rows: below 1 if a run would take minutes, above 1 if it would be too short."""
WORKER_CORE, SERVER_CORE = 0, 1
LIBRARIES = ("pyarrow", "numpy", "psycopg", "PyMySQL", "pymongo", "neo4j", "neo4j-rust-ext", "confluent-kafka")


def main() -> None:
    """Measure, print the table, write bench/results/sources.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of both tables together")
    parser.add_argument("--runs", type=int, default=5, help="number of runs; the medians are recorded")
    parser.add_argument("--source", nargs="*", choices=list(SOURCES), default=list(SOURCES))
    parser.add_argument("--dry", action="store_true", help="write no result file")
    arguments = parser.parse_args()
    pa.set_cpu_count(1)
    os.sched_setaffinity(0, {WORKER_CORE})
    results = [
        measure(source, round(arguments.rows * SIZES.get(source, 1)) // len(TABLES), arguments.runs)
        for source in arguments.source
    ]
    sys.stdout.write(table(results) + "\n")
    if not arguments.dry:
        settings = {"batch_rows": BATCH_ROWS, "runs": arguments.runs, "worker_cores": 1, "server_cores": 1}
        record("sources", results, LIBRARIES, settings)


def measure(source: str, rows: int, runs: int) -> Mapping[str, Any]:
    """Return one source's row of the table; `rows` is per table."""
    schema = load_schema(SCHEMA)
    dataset = Dataset(schema, seed=42, rows=rows, base_instant=BASE_INSTANT)
    with tempfile.TemporaryDirectory() as folder:
        made = references.Rows(dataset, [schema.table(name) for name in TABLES], rows, Path(folder))
        with _target(source, made) as (connection, empty, reference):

            def worker(rows: int, batch: int, method: str = BULK) -> WorkerResult:
                """Load tables that exist and are empty, so that emptying them is not in the time."""
                empty()
                how = ("--method", method, "--batch-size", str(batch), "--on-existing", OnExisting.APPEND)
                return run_worker(source, connection, rows, *how)

            ours, theirs = [], []
            for _ in range(runs + 1):
                empty()
                theirs.append(made.total / reference())
                ours.append(worker(rows, BATCH_ROWS))
            small = [worker(rows, SMALL_BATCH_ROWS) for _ in range(runs)]
            inserted = [worker(max(rows // INSERTED_SHARE, 1), BATCH_ROWS, INSERT) for _ in range(runs)]
    return _row(source, ours[1:], theirs[1:], small, inserted)


def _row(
    source: str,
    ours: Sequence[WorkerResult],
    theirs: Sequence[float],
    small: Sequence[WorkerResult],
    inserted: Sequence[WorkerResult],
) -> Mapping[str, Any]:
    ratios = [result.metrics.rows_per_second / rate for result, rate in zip(ours, theirs, strict=True)]
    return {
        "source": source,
        "rows": ours[0].metrics.rows_processed,
        "rows_per_second": _median(ours),
        "reference": references.REFERENCES.get(source, ("making the data",))[0],
        "reference_rows_per_second": round(statistics.median(theirs)),
        "ratio": round(statistics.median(ratios), 3),
        "batch_500_rows_per_second": _median(small),
        "insert_rows_per_second": _median(inserted),
        "bytes_per_row": round(ours[0].metrics.bytes_written / max(ours[0].metrics.rows_processed, 1)),
        "peak_memory_mb": max(result.peak_memory_mb or 0.0 for result in ours),
    }


def _median(results: Sequence[WorkerResult]) -> int:
    return round(statistics.median(result.metrics.rows_per_second for result in results))


@contextmanager
def _target(source: str, rows: references.Rows) -> Iterator[tuple[str, Callable[[], None], Callable[[], float]]]:
    """Yield the connection string, a function that empties the tables, and the reference."""
    if not SOURCES[source].needs_server:
        yield (rows.folder / "files").as_uri(), lambda: None, references.generation(None, rows)
        return
    with serving(source, memory=6 * GIB, tmpfs=4 * GIB, measured=True) as served:
        docker("update", f"--cpuset-cpus={SERVER_CORE}", served.container.name)
        with references.client(served, WORKER_CORE, rows.folder):
            _, make = references.REFERENCES[source]
            yield served.connection_string, lambda: _emptied(source, served, rows), make(served, rows)


def _emptied(source: str, served: Served, rows: references.Rows) -> None:
    opened = open_source(SOURCES[source], served.connection)
    try:
        opened.connect()
        opened.prepare(rows.tables, OnExisting.EMPTY)
    finally:
        opened.close()


if __name__ == "__main__":
    main()
