"""Compare the verification of one worker on one core with the server's own export of the same tables, in turns.

    python -m bench.verify [--rows 1000000] [--runs 5] [--source mysql ...] [--keep]

The server has the other core, and its data are in a RAM disk. The export is read and discarded. The worker's rate is that of
comparing every row with the generated one. Files have no server: their reference is the load of the same rows.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import pyarrow as pa

from bench import exports, load_references
from bench.record import RESULTS, record, table
from bench.sources import BATCH_ROWS, LIBRARIES, SERVER_CORE, WORKER_CORE
from bench.worker_process import TABLES, run_worker
from core.options import OnExisting, Operation
from core.results import WorkerResult
from core.stores import SOURCES
from core.units import GIB
from testkit.docker_command import docker
from testkit.serving import serving

SIZES = {"mongodb": 0.25, "neo4j": 0.125, "kafka": 0.5, "csv": 2, "jsonl": 2}
"""Factors on the number of rows: below 1 if a run would take minutes, above 1 if it would be too short."""


def main() -> None:
    """Measure, print the table, write bench/results/verify.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of both tables together")
    parser.add_argument("--runs", type=int, default=5, help="number of runs; the medians are recorded")
    parser.add_argument("--source", nargs="*", choices=list(SOURCES), default=list(SOURCES))
    parser.add_argument("--keep", action="store_true", help="keep the rows of other sources in the result file")
    parser.add_argument("--dry", action="store_true", help="write no result file")
    arguments = parser.parse_args()
    pa.set_cpu_count(1)
    os.sched_setaffinity(0, {WORKER_CORE})
    results = [row for row in _recorded() if row["source"] not in arguments.source] if arguments.keep else []
    for source in arguments.source:
        rows = round(arguments.rows * SIZES.get(source, 1)) // len(TABLES)
        results.append(measure(source, rows, arguments.runs))
        sys.stderr.write(f"{dict(results[-1])}\n")
    results.sort(key=lambda row: list(SOURCES).index(row["source"]))
    sys.stdout.write(table(results) + "\n")
    if not arguments.dry:
        record("verify", results, LIBRARIES, {"runs": arguments.runs, "worker_cores": 1, "server_cores": 1})


def measure(source: str, rows: int, runs: int) -> Mapping[str, Any]:
    """Return one source's row of the table; `rows` is per table."""
    ours: list[WorkerResult] = []
    theirs: list[float] = []
    with _loaded(source, rows) as (connection, reference):
        for _ in range(runs + 1):
            theirs.append(rows * len(TABLES) / reference())
            ours.append(_verified(source, connection, rows))
    ratios = [result.metrics.rows_per_second / rate for result, rate in zip(ours[1:], theirs[1:], strict=True)]
    return {
        "source": source,
        "rows": rows * len(TABLES),
        "rows_per_second": round(statistics.median(result.metrics.rows_per_second for result in ours[1:])),
        "reference": exports.EXPORTS[source][0] if source in exports.EXPORTS else "loading the same rows",
        "reference_rows_per_second": round(statistics.median(theirs[1:])),
        "ratio": round(statistics.median(ratios), 3),
        "peak_memory_mb": max(result.peak_memory_mb or 0.0 for result in ours),
    }


def _recorded() -> Sequence[Mapping[str, Any]]:
    file = RESULTS / "verify.json"
    return json.loads(file.read_text())["results"] if file.is_file() else []


@contextmanager
def _loaded(source: str, rows: int) -> Iterator[tuple[str, Callable[[], float]]]:
    """Yield the connection string of a store that has the rows, and its reference, which returns its seconds."""
    with tempfile.TemporaryDirectory() as folder:
        if not SOURCES[source].needs_server:
            connection = (Path(folder) / "files").as_uri()
            yield connection, lambda: _load(source, connection, rows)
            return
        with serving(source, memory=6 * GIB, tmpfs=4 * GIB, measured=True) as served:
            docker("update", f"--cpuset-cpus={SERVER_CORE}", served.container.name)
            _load(source, served.connection_string, rows)
            with load_references.client(served, WORKER_CORE, Path(folder)):
                _, make = exports.EXPORTS[source]
                yield served.connection_string, make(served, TABLES, rows)


def _load(source: str, connection: str, rows: int) -> float:
    """Load the tables and return the seconds of the load."""
    how = ("--batch-size", str(BATCH_ROWS), "--on-existing", OnExisting.EMPTY)
    return run_worker(source, connection, rows, *how).metrics.duration_ms / 1000


def _verified(source: str, connection: str, rows: int) -> WorkerResult:
    result = run_worker(source, connection, rows, "--operation", Operation.VERIFY)
    report = result.verification_report
    if report is None or report.total_matched != rows * len(TABLES):
        raise SystemExit(f"{source}: some of the rows differ")
    return result


if __name__ == "__main__":
    main()
