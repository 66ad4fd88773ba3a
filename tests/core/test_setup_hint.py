"""The set-up hint that is printed if the project's packages are missing."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.setup_hint import run_with_hint

ROOT = Path(__file__).parents[2]


def test_worker_without_packages_prints_setup_hint() -> None:
    # -S leaves out site-packages, as in a Python that has only the standard library.
    command = [sys.executable, "-S", "-m", "worker", "schema", "schemas/shop.yaml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: package 'pydantic")
    assert "make venv" in done.stderr


def test_missing_project_module_is_not_hidden_by_hint() -> None:
    def main() -> int:
        raise ModuleNotFoundError(name="worker.nowhere")

    with pytest.raises(ModuleNotFoundError):
        run_with_hint(main)


def test_hint_returns_exit_code_of_main() -> None:
    assert run_with_hint(lambda: 3) == 3
