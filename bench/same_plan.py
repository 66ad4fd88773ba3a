"""Whether two runs of the same plan compare as no regression: `python -m bench.same_plan --trials 20`.

Each trial runs one plan on the local platform, once a side or more often, the sides in turn, so that what else happens
on the machine meets both alike; then it compares them as `python -m aggregate compare` does. At most one trial in
twenty may find a regression where there is none.
"""

import argparse
import subprocess
import sys
import uuid
from pathlib import Path

from aggregate import collect, totals
from aggregate.comparison import compare
from aggregate.report import Report
from bench.record import record, table

PROJECT = Path(__file__).resolve().parents[1]
STACK = "test-same-plan"
_SETTINGS = {
    "workers": 2,
    "cpuLimit": "1.0",
    "memoryLimit": "512Mi",
    "tmpfsSize": "64Mi",
    "rowCount": 400_000,
    "batchSize": 1000,
}


def main() -> int:
    """Run the trials, record them, and say whether 19 of 20 held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3, help="runs on each side of a trial")
    parser.add_argument("--max-regression", type=float, default=0.05)
    arguments = parser.parse_args()
    try:
        rows = [_trial(number, arguments) for number in range(1, arguments.trials + 1)]
    finally:
        _pulumi("destroy", "--yes", "--skip-preview", "--remove")
    found = sum(row["verdict"] == "regression" for row in rows)
    settings = {**_SETTINGS, "repeats": arguments.repeats, "max_regression": arguments.max_regression}
    record("same_plan", rows, ["numpy"], settings)
    print(table(rows))
    print(f"no regression in {len(rows) - found} of {len(rows)} trials")
    return 0 if found * 20 <= len(rows) else 1


def _trial(number: int, arguments: argparse.Namespace) -> dict[str, object]:
    base: list[Report] = []
    head: list[Report] = []
    for _ in range(arguments.repeats):
        base.append(_run())
        head.append(_run())
    compared = compare(base, head, arguments.max_regression)
    changes = {change.name: change for change in compared.changes}
    return {
        "trial": number,
        "rows_per_second": round(changes["rows_per_second"].base),
        "change": round(changes["rows_per_second"].change, 4),
        "wall_clock_change": round(changes["wall_clock_rows_per_second"].change, 4),
        "verdict": "regression" if compared.exit_code else "ok",
    }


def _run() -> Report:
    """One run of the plan, on a clean server."""
    run_id = f"same-{uuid.uuid4().hex[:8]}"
    settings = [word for key, value in _SETTINGS.items() for word in ("-c", f"loadtest:{key}={value}")]
    _pulumi("up", "--yes", "--skip-preview", "--suppress-outputs", *settings, "-c", f"loadtest:runId={run_id}")
    return totals.report(collect.from_stack(STACK))


def _pulumi(command: str, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.engine.run", command, "-s", STACK, *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"pulumi {command} failed:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    sys.exit(main())
