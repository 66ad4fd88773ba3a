"""A command for a stack that does not exist creates nothing and lists the stacks that do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.process import PULUMI_VARIABLE
from testkit.clone import Clone

WITH_PULUMI = [("up",), ("destroy",), ("pulumi", "config", "set", "loadtest:workers", "3"), ("report",)]
WITHOUT_PULUMI = [("plan",), ("cleanup", "--yes"), ("watch",)]
PULUMI = """#!/bin/sh
case "$1 $2" in
  "stack ls") echo '[{"name": "organization/loadtest/kept"}]' ;;
  "stack export") echo "error: no stack named 'typo' found" >&2; exit 255 ;;
  *) exit 77 ;;
esac
"""


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Clone:
    return Clone(tmp_path_factory.mktemp("unknown") / "project")


@pytest.fixture
def path(tmp_path) -> str:
    """A PATH with a `pulumi` that only lists the backend's stacks, and fails at anything else."""
    command = tmp_path / "pulumi"
    command.write_text(PULUMI)
    command.chmod(0o755)
    return f"{tmp_path}{os.pathsep}{os.environ['PATH']}"


def files(folder: Path) -> set[str]:
    return {str(file) for file in folder.rglob("*") if "__pycache__" not in file.parts and ".venv" not in file.parts}


@pytest.mark.parametrize(
    ("command", "own_backend"),
    [*((each, own) for each in WITH_PULUMI for own in (True, False)), *((each, True) for each in WITHOUT_PULUMI)],
    ids=lambda value: value[0] if isinstance(value, tuple) else f"own backend: {value}",
)
def test_unknown_stack_is_refused(clone, path, command, own_backend):
    before = files(clone.folder)
    environment = {**clone.environment, "PATH": path, PULUMI_VARIABLE: ""}
    if not own_backend:
        environment["PULUMI_BACKEND_URL"] = "file:///elsewhere"
    arguments = [sys.executable, "-m", "cli", *command, "--stack", "typo"]
    done = subprocess.run(
        arguments, cwd=clone.folder, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 2, done.stderr
    assert "'typo' does not exist; use one of " in last
    assert all(name in last for name in ("small", "medium", "large"))
    assert files(clone.folder) == before
