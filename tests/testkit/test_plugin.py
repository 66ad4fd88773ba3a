"""Tests of the options that split a run of the tests in two."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILE = "tests/core/test_units.py"


def _pytest(*arguments: str) -> str:
    command = [sys.executable, "-m", "pytest", "-n0", "-p", "no:cacheprovider", "--tier=bare", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 5), done.stdout + done.stderr
    return done.stdout


def test_passed_tests_are_left_out_of_the_next_run(tmp_path: Path) -> None:
    passed = tmp_path / "passed"
    _pytest(FILE, "-k", "not cpu", f"--passed-file={passed}")
    names = passed.read_text().splitlines()
    assert names
    assert all(name.startswith(f"{FILE}::") and "cpu" not in name for name in names)
    second = tmp_path / "second"
    output = _pytest(FILE, f"--without-passed={passed}", f"--passed-file={second}")
    assert f"{len(names)} tests not run; they passed before" in output
    assert second.read_text().splitlines()
    assert not set(names) & set(second.read_text().splitlines())
