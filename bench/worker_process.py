"""Run one worker process on the tables that benchmarks load."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from core.process import CONNECTION_VARIABLE
from core.results import WorkerResult

SCHEMA = Path("schemas/shop.yaml")
TABLES = ("users", "orders")
"""A table with consecutive keys, and one without, for which verification has to build an index."""


def run_worker(source: str, connection: str, rows: int, *options: str) -> WorkerResult:
    """Return the result of one worker process; `rows` is per table. Raises SystemExit with its messages if it fails."""
    with tempfile.NamedTemporaryFile(suffix=".json") as result:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "worker", "--schema", str(SCHEMA), "--source", source),
                *("--tables", ",".join(TABLES), "--row-count", str(rows), "--metrics-output", result.name, *options),
            ],
            env={**os.environ, CONNECTION_VARIABLE: connection, "POLARS_MAX_THREADS": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
            text=True,
        )
        if done.returncode != 0:
            raise SystemExit(done.stderr)
        return WorkerResult.model_validate_json(Path(result.name).read_bytes())
