"""Whether two runs of the same plan compare as no regression: `python -m bench.same_plan --trials 20`.

Each trial runs one plan on the local platform's fleet, once a side or more often, the sides in turn, so that what else
happens on the machine meets both alike; then it compares them as `python -m aggregate compare` does. At most one trial
in twenty may find a regression where there is none.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from aggregate.comparison import compare
from aggregate.report import Report
from bench.local_runs import PROJECT, local_run
from bench.record import record, table
from core.plan import Limits, LoadPlan, OnExisting, partition
from core.schema.file import load_schema
from core.units import MIB
from tests.worker.verify.embedded import embedded_postgresql

TABLES = ("users", "orders")
ROWS, BATCH_ROWS, WORKERS = 400_000, 1_000, 2
LIMITS = Limits(cpu=1.0, memory=512 * MIB, tmpfs=64 * MIB)
SEED = 42


def main() -> int:
    """Run the trials, record them, and say whether 19 of 20 held."""
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
        "rows_a_table": ROWS,
        "batch_rows": BATCH_ROWS,
        **LIMITS.model_dump(),
        "repeats": arguments.repeats,
        "max_regression": arguments.max_regression,
    }
    record("same_plan", rows, ["numpy"], settings)
    sys.stdout.write(f"{table(rows)}\nno regression in {len(rows) - found} of {len(rows)} trials\n")
    return 0 if found * 20 <= len(rows) else 1


class _Runs:
    """Runs of one plan, each with an id of its own, into the same tables, emptied."""

    def __init__(self, server: str, folder: Path) -> None:
        self._server, self._folder = server, folder
        self._made = 0

    def make(self) -> Report:
        """The report of another one."""
        self._made += 1
        run_id = f"same-{self._made}"
        return local_run(_plan(run_id), self._server, self._folder / run_id)


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
        base.append(runs.make())
        head.append(runs.make())
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
