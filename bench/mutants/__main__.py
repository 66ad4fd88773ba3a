"""`python -m bench.mutants`: put each fault into a copy of the project, and find a test that fails.

That test must pass without the fault. Results go to bench/results/mutants.json: the fault, whether a test caught it, which
one, and the seconds.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.mutants.catalogue import MUTANTS, Mutant
from bench.record import record, table

_ROOT = Path(__file__).resolve().parents[2]
_LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".pulumi", ".loadtest", "__pycache__", ".*_cache", ".hypothesis")
_WAIT_SECONDS = 900
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


def main() -> int:
    """Try every fault, print and record the outcomes; return 1 if one was not caught."""
    parser = argparse.ArgumentParser(prog="python -m bench.mutants", description=__doc__)
    parser.add_argument("--only", metavar="TEXT", default="", help="only faults whose name contains this")
    only = parser.parse_args().only
    rows = list(outcomes([mutant for mutant in MUTANTS if only in mutant.name]))
    if not only:
        record("mutants", rows, ["pytest"])
    sys.stdout.write(f"{table(rows)}\n")
    return 0 if all(row["caught"] for row in rows) else 1


def outcomes(mutants: list[Mutant]) -> Iterator[dict[str, Any]]:
    """Try each fault in the same copy of the project, and yield the outcomes."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        shutil.copytree(_ROOT, project, ignore=_LEFT_OUT)
        (project / ".venv").symlink_to(sys.prefix)
        for mutant in mutants:
            file = project / mutant.file
            sound = file.read_text()
            file.write_text(mutated(sound, mutant))
            start = time.monotonic()
            failed = _first_failure(project, mutant.name, _present(project, mutant))
            file.write_text(sound)
            if failed is not None and _first_failure(project, mutant.name, [failed]) is not None:
                raise RuntimeError(f"{mutant.name}: {failed} fails without the fault, too")
            yield {
                "fault": mutant.name,
                "file": mutant.file,
                "caught": failed is not None,
                "test": failed or "",
                "seconds": round(time.monotonic() - start, 1),
            }
            sys.stderr.write(f"{mutant.name}: {failed or 'NOT CAUGHT'}\n")


def mutated(text: str, mutant: Mutant) -> str:
    """Return the file's text with the fault; raise ValueError unless the text to replace occurs exactly once."""
    if text.count(mutant.old) != 1:
        raise ValueError(f"{mutant.file}: {mutant.old!r} occurs {text.count(mutant.old)} times, not once")
    return text.replace(mutant.old, mutant.new)


def _first_failure(project: Path, name: str, tests: Sequence[str]) -> str | None:
    """Return the id of the first test that fails, or None. Cluster tests are left out: a machine has only one cluster."""
    command = [sys.executable, "-m", "pytest", "--tier=docker", "-x", "-q", "--no-header", *tests]
    environment = {variable: value for variable, value in os.environ.items() if not variable.startswith("LOADTEST_")}
    done = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, check=False, timeout=_WAIT_SECONDS
    )
    found = _FAILED.search(done.stdout)
    if found is None and done.returncode != 0:
        raise RuntimeError(f"{name}: pytest ended with {done.returncode}: {done.stdout[-500:]}")
    return found[1] if found else None


def _present(project: Path, mutant: Mutant) -> list[str]:
    missing = [test for test in mutant.tests if not (project / test.partition("::")[0]).exists()]
    if missing:
        raise ValueError(f"{mutant.name}: {', '.join(missing)} does not exist")
    return list(mutant.tests)


if __name__ == "__main__":
    sys.exit(main())
