"""Measure time and memory of a report of 1,000 workers, as a whole process: `python -m bench.aggregate`."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from bench.record import record, table
from bench.synthetic_results import synthetic_plan, synthetic_results

WORKERS = 1000
RUNS = 5
PROJECT = Path(__file__).resolve().parents[1]
FORMATS = ("table", "markdown", "json", "openmetrics", "html")
BOUNDS = {"table": (1.0, None), "html": (5.0, 5_000_000)}
"""The maximum of seconds and bytes for a format."""


class _Measured(NamedTuple):
    seconds: float
    cpu_seconds: float
    peak_memory_mb: float


def main() -> int:
    """Measure, record, and return 1 if a bound is exceeded. The best of a few runs counts, because the machine may be busy."""
    with tempfile.TemporaryDirectory() as folder:
        results = _written(Path(folder) / "results")
        rows = [_case(name, results, Path(folder) / f"report.{name}") for name in FORMATS]
    record("aggregate", rows, ["pydantic", "hdrhistogram", "Jinja2"], {"workers": WORKERS, "runs": RUNS})
    print(table(rows))
    return 0 if all(row["within_bounds"] == "yes" for row in rows) else 1


def _written(folder: Path) -> Path:
    folder.mkdir()
    plan = synthetic_plan(WORKERS, 600_000)
    (folder / "plan.json").write_text(plan.model_dump_json())
    for result in synthetic_results(plan):
        (folder / f"{result.worker_id}.json").write_text(result.model_dump_json())
    return folder


def _case(name: str, results: Path, output: Path) -> dict[str, Any]:
    arguments = ["--results-dir", str(results), "--output-format", name, "--output", str(output)]
    measured = min(_measure([sys.executable, "-m", "aggregate", *arguments]) for _ in range(RUNS))
    seconds, size = BOUNDS.get(name, (None, None))
    within = (
        (seconds is None or measured.seconds <= seconds)
        and (size is None or output.stat().st_size <= size)
        and measured.peak_memory_mb <= 300
    )
    return {
        "case": name,
        "seconds": round(measured.seconds, 2),
        "cpu_seconds": round(measured.cpu_seconds, 2),
        "peak_memory_mb": round(measured.peak_memory_mb),
        "bytes": output.stat().st_size,
        "within_bounds": "yes" if within else "no",
    }


def _measure(command: list[str]) -> _Measured:
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=PROJECT)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"{' '.join(command)} failed")
    return _Measured(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


if __name__ == "__main__":
    sys.exit(main())
