"""A command for a stack that does not exist creates nothing and lists those that do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from testkit.clone import Clone

COMMANDS = [
    ("-m", "contrib.offline.engine.run", "up", "--yes"),
    ("-m", "contrib.offline.engine.run", "destroy", "--yes"),
    ("-m", "contrib.offline.engine.run", "config", "set", "loadtest:workers", "3"),
    ("-m", "infra.cli.plan"),
    ("-m", "infra.cli.cleanup", "--yes"),
    ("-m", "aggregate"),
    ("-m", "aggregate", "watch"),
]
PULUMI = """#!/bin/sh
[ "$1 $2" = "stack ls" ] || exit 77
echo '[{"name": "organization/loadtest/kept"}]'
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


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[1:3]))
@pytest.mark.parametrize("own_backend", [True, False], ids=["project backend", "other backend"])
def test_unknown_stack_is_refused(clone, path, command, own_backend):
    before = files(clone.folder)
    environment = {**clone.environment, "PATH": path}
    if not own_backend:
        environment["PULUMI_BACKEND_URL"] = "file:///elsewhere"
    arguments = [sys.executable, *command, "--stack", "typo"]
    done = subprocess.run(
        arguments, cwd=clone.folder, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    said = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 2, done.stderr
    assert "'typo' does not exist; use one of " in said
    assert all(name in said for name in ("small", "medium", "large"))
    assert files(clone.folder) == before
