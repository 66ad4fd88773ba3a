"""Measure how fast rows are generated on one core: `python -m bench.generate`.

The cases are users and orders of the shop, compared with programs that make the same rows one value at a time; every
column of every type; and the peak memory for increasing numbers of rows. Seconds are CPU seconds. Each figure is the
median of several runs. The programs take turns, so that a busy moment of the machine affects all of them.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import pyarrow as pa

from bench import record
from bench.row_generators import REFERENCES
from core.plan import BASE_INSTANT
from core.schema.checks.references import type_text
from core.schema.file import load_schema
from worker.generate import Dataset

ROOT = Path(__file__).parent.parent
SHOP, EVERY_TYPE = ROOT / "schemas" / "shop.yaml", ROOT / "tests" / "data" / "every_type.yaml"
TABLES = ("users", "orders")
BATCH = 20_000
UNIQUE_ROWS = 20_000
MEMORY_ROWS = (10**5, 10**6, 10**7, 10**8)
LIBRARIES = ("numpy", "pyarrow", "faker", "mimesis")


def main() -> None:
    """Measure, print the tables, write `bench/results/generate.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of each table per run")
    parser.add_argument("--runs", type=int, default=5, help="number of runs; the median is recorded")
    parser.add_argument(
        "--most-memory-rows",
        type=int,
        default=MEMORY_ROWS[-1],
        help="the largest number of rows for which peak memory is measured",
    )
    parser.add_argument("--peak-memory-of", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    pa.set_cpu_count(1)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    if arguments.peak_memory_of is not None:
        print(_own_peak(arguments.peak_memory_of))
        return
    memory = {rows: _peak_in_a_process(rows) for rows in MEMORY_ROWS if rows <= arguments.most_memory_rows}
    results = _against_references(arguments.rows, arguments.runs, memory[min(memory)])
    results += _by_column(arguments.runs)
    results += [
        _result(f"users + orders, {rows:,} rows each", rate, memory=peak) for rows, (rate, peak) in memory.items()
    ]
    print(record.table(results))
    settings = {"rows": arguments.rows, "batch_rows": BATCH, "runs": arguments.runs, "cores": 1, "clock": "CPU"}
    print(record.record("generate", results, LIBRARIES, settings))


def _against_references(rows: int, runs: int, memory: tuple[float, float]) -> list[dict[str, Any]]:
    """Return the rows per second of both tables together, of Loadtest and of each reference, measured in turns."""
    contenders: dict[str, Callable[[], int]] = {"ours": lambda: _generate(rows)}
    for name, (rows_of, count) in REFERENCES.items():
        contenders[name] = lambda rows_of=rows_of, count=count: sum(1 for _ in rows_of(count))  # type: ignore[misc]
    rates = _rates(contenders, runs)
    return [
        _result("users + orders", rates["ours"], reference=name, reference_rate=rates[name], memory=memory[1])
        for name in REFERENCES
    ]


def _by_column(runs: int) -> list[dict[str, Any]]:
    """Return the cells per second of every column in the test schema: each type and each generator."""
    dataset = Dataset(load_schema(EVERY_TYPE), seed=42, rows=UNIQUE_ROWS, base_instant=BASE_INSTANT)
    contenders: dict[str, Callable[[], int]] = {}
    for table in dataset.schema.tables:
        rows = dataset.table(table.name)
        for column in table.columns:
            name = f"{type_text(column.type)} by {column.generator.type} ({table.name}.{column.name})"
            contenders[name] = lambda rows=rows, column=column: rows.batch(0, BATCH, [column.name]).num_rows  # type: ignore[misc]
    return [_result(name, rate) for name, rate in _rates(contenders, max(runs, 15)).items()]


def _rates(contenders: dict[str, Callable[[], int]], runs: int) -> dict[str, float]:
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    counts = {name: run() for name, run in contenders.items()}
    for _ in range(runs):
        for name, run in contenders.items():
            start = time.process_time()
            run()
            seconds[name].append(time.process_time() - start)
    return {name: counts[name] / statistics.median(seconds[name]) for name in contenders}


def _generate(rows: int) -> int:
    """Generate and drop this many rows of both tables; return how many there were."""
    dataset = Dataset(load_schema(SHOP), seed=42, rows=rows, base_instant=BASE_INSTANT)
    generated = 0
    for name in TABLES:
        table = dataset.table(name)
        for first in range(0, rows, BATCH):
            generated += table.batch(first, min(BATCH, rows - first)).num_rows
    return generated


def _own_peak(rows: int) -> str:
    _generate(BATCH)  # one-time costs, such as reading vocabularies
    start = time.process_time()
    generated = _generate(rows)
    rate = generated / (time.process_time() - start)
    return json.dumps([rate, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024])


def _peak_in_a_process(rows: int) -> tuple[float, float]:
    """Return rows per second and peak resident memory in MiB of a process that only generates."""
    command: Sequence[str] = [sys.executable, "-m", "bench.generate", "--peak-memory-of", str(rows)]
    output = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    rate, peak = json.loads(output)
    return rate, peak


def _result(
    case: str,
    rate: float,
    *,
    reference: str | None = None,
    reference_rate: float | None = None,
    memory: float | None = None,
) -> dict[str, Any]:
    return {
        "case": case,
        "rows_per_second": round(rate),
        "nanoseconds_per_row": round(1e9 / rate, 1),
        "reference": reference,
        "reference_rows_per_second": round(reference_rate) if reference_rate else None,
        "ratio": round(rate / reference_rate, 1) if reference_rate else None,
        "peak_memory_mb": round(memory, 1) if memory else None,
    }


if __name__ == "__main__":
    main()
