"""Count how often two runs of the same plan are reported as a regression: `python -m bench.false_regressions --trials 20`.

Each trial runs one plan on the local platform, one or more times per side, in turns, so that other load of the machine
affects both sides. Then it compares them as `python -m aggregate compare` does. At most one trial in twenty may report a
regression.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from aggregate.comparison import compare
from aggregate.report import Report
from bench.local_fleet import PROJECT, run_on_local_fleet
from bench.record import record, table
from core.options import OnExisting
from core.plan import Limits, LoadPlan, partition
from core.schema.file import load_schema
from core.units import MIB
from testkit.embedded import embedded_postgresql

TABLES = ("users", "orders")
ROWS, BATCH_ROWS, WORKERS = 400_000, 1_000, 2
LIMITS = Limits(cpu=1.0, memory=512 * MIB, tmpfs=64 * MIB)
SEED = 42


def main() -> int:
    """Run the trials, record them, and return 1 if more than one in twenty reports a regression."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3, help="runs on each side of a trial")
    parser.add_argument("--max-regression", type=float, default=0.05)
    arguments = parser.parse_args()
    with embedded_postgresql() as server, tempfile.TemporaryDirectory(prefix="loadtest-same-plan-") as folder:
        runs = _Runs(server, Path(folder))
        rows = [_trial(number, runs, arguments) for number in range(1, arguments.trials + 1)]
    found = sum(row["verdict"] == "regression" for row in rows)
    settings = {
        "workers": WORKERS,
        "rows_per_table": ROWS,
        "batch_rows": BATCH_ROWS,
        **LIMITS.model_dump(),
        "repeats": arguments.repeats,
        "max_regression": arguments.max_regression,
    }
    record("false_regressions", rows, ["numpy"], settings)
    sys.stdout.write(f"{table(rows)}\nno regression in {len(rows) - found} of {len(rows)} trials\n")
    return 0 if found * 20 <= len(rows) else 1


class _Runs:
    """Runs of one plan, each with its own id, into the same tables, which are emptied first."""

    def __init__(self, server: str, folder: Path) -> None:
        self._server, self._folder = server, folder
        self._count = 0

    def run(self) -> Report:
        """Run the plan once more and return its report."""
        self._count += 1
        run_id = f"same-{self._count}"
        return run_on_local_fleet(_plan(run_id), self._server, self._folder / run_id)


def _plan(run_id: str) -> LoadPlan:
    schema = load_schema(PROJECT / "schemas" / "shop.yaml")
    return LoadPlan(
        run_id=run_id,
        source="postgresql",
        method="bulk",
        batch_size=BATCH_ROWS,
        seed=SEED,
        row_count=ROWS,
        on_existing=OnExisting.EMPTY,
        limits=LIMITS,
        data=schema,
        workers=partition(schema, TABLES, ROWS, WORKERS, SEED),
    )


def _trial(number: int, runs: _Runs, arguments: argparse.Namespace) -> dict[str, object]:
    base: list[Report] = []
    head: list[Report] = []
    for _ in range(arguments.repeats):
        base.append(runs.run())
        head.append(runs.run())
    compared = compare(base, head, arguments.max_regression)
    changes = {change.name: change for change in compared.changes}
    return {
        "trial": number,
        "rows_per_second": round(changes["rows_per_second"].base),
        "change": round(changes["rows_per_second"].change, 4),
        "wall_clock_change": round(changes["wall_clock_rows_per_second"].change, 4),
        "verdict": "regression" if compared.exit_code else "ok",
    }


if __name__ == "__main__":
    sys.exit(main())
