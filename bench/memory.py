"""Measure the peak memory of one worker process that loads and verifies, with a real server for each source.

    python -m bench.memory [--rows 1000000] [--source mysql ...] [--flat-rows 10000000] [--flat-source postgresql csv]

Each source gets `--rows` rows. Those of `--flat-source` get `--flat-rows` too, to show that the peak does not grow with
them. The peak is the process's own (VmHWM), libraries included.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.record import RESULTS, record, table
from bench.worker_process import SCHEMA, TABLES, run_worker
from core.options import Operation
from core.stores import SOURCES
from core.units import GIB
from testkit.serving import serving

BOUND_MB = 300
"""The most memory that a worker may use, in MiB."""
BATCH_ROWS = 1_000
LIBRARIES = ("pyarrow", "numpy", "psycopg", "PyMySQL", "pymongo", "neo4j", "neo4j-rust-ext", "confluent-kafka")


def main() -> int:
    """Measure, print the table, write bench/results/memory.json; return 1 if a load needed more than the bound."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of both tables together")
    parser.add_argument("--flat-rows", type=int, default=10_000_000)
    parser.add_argument("--source", nargs="*", choices=list(SOURCES), default=list(SOURCES))
    parser.add_argument("--flat-source", nargs="*", choices=list(SOURCES), default=["postgresql", "csv"])
    parser.add_argument("--keep", action="store_true", help="keep the rows of other sources in the result file")
    parser.add_argument("--dry", action="store_true", help="write no result file")
    arguments = parser.parse_args()
    wanted = [(source, arguments.rows) for source in arguments.source]
    wanted += [(source, arguments.flat_rows) for source in arguments.flat_source]
    kept = [row for row in _recorded() if (row["source"], row["rows"]) not in wanted] if arguments.keep else []
    results = [*kept, *(_shown(measure(source, rows)) for source, rows in wanted)]
    results.sort(key=lambda row: (row["rows"], list(SOURCES).index(row["source"])))
    sys.stdout.write(table(results) + "\n")
    if not arguments.dry:
        record("memory", results, LIBRARIES, {"schema": str(SCHEMA), "tables": TABLES, "batch_rows": BATCH_ROWS})
    return int(any(row["load_peak_mb"] > BOUND_MB for row in results))


def measure(source: str, rows: int) -> Mapping[str, Any]:
    """Return one row of the table; `rows` is the sum over all tables."""
    with _place(source) as connection:
        loaded, compared = (
            run_worker(
                source, connection, rows // len(TABLES), "--batch-size", str(BATCH_ROWS), "--operation", operation
            )
            for operation in (Operation.POPULATE, Operation.VERIFY)
        )
    report = compared.verification_report
    if loaded.metrics.rows_processed != rows or report is None or report.total_matched != rows:
        raise SystemExit(f"{source}: {loaded.metrics.rows_processed} of {rows} rows were loaded, or some differ")
    return {
        "source": source,
        "rows": rows,
        "load_peak_mb": loaded.peak_memory_mb,
        "verify_peak_mb": compared.peak_memory_mb,
    }


def _recorded() -> Sequence[Mapping[str, Any]]:
    file = RESULTS / "memory.json"
    return json.loads(file.read_text())["results"] if file.is_file() else []


def _shown(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Print a result at once, because a run lasts minutes, and return it."""
    sys.stderr.write(f"{dict(row)}\n")
    return row


@contextmanager
def _place(source: str) -> Iterator[str]:
    """Yield the connection string of an empty database or folder."""
    if SOURCES[source].needs_server:
        with serving(source, memory=6 * GIB, tmpfs=4 * GIB, measured=True) as served:
            yield served.connection_string
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder).as_uri()


if __name__ == "__main__":
    sys.exit(main())
