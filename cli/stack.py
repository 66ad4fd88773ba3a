"""The stack that a command names: created on first use if it has a file, so that `loadtest up` works in a fresh clone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from core.backend import backend_url, state_file
from core.errors import RunError
from core.process import pulumi_command
from core.stack_file import own_file, stacks_of, unknown_stack
from core.text import one_line


def require_known(project: Path, stack: str, environment: Mapping[str, str]) -> None:
    """Raise SettingsError, with the list of stacks, for a stack that has neither a file nor a state."""
    with_file = stacks_of(project)
    if "/" in stack or stack in with_file:
        return
    if _is_own(project, environment):
        with_state = {file.stem for file in state_file(project, stack).parent.glob("*.json")}
    else:
        with_state = _listed_by_pulumi(project, environment)
    if stack not in with_state:
        raise unknown_stack(stack, sorted({*with_file, *with_state}))


def create_if_missing(project: Path, stack: str, environment: Mapping[str, str]) -> None:
    """Create the stack unless the backend has it. Raise RunError if Pulumi fails to."""
    if not _is_own(project, environment):
        _pulumi_stack(project, ["select", "--create", stack], environment)
    elif not state_file(project, stack).is_file():
        remove_old_salt(own_file(project, stack))
        _pulumi_stack(project, ["init", "--no-select", stack], environment)


def remove_old_salt(stack_file: Path) -> None:
    """Remove from a stack's file the salt of an earlier backend, with which Pulumi refuses to create a stack.

    A file with secrets keeps it: Pulumi then asks for the passphrase that they were encrypted with.
    """
    if not stack_file.is_file():
        return
    lines = stack_file.read_text(encoding="utf-8").splitlines(keepends=True)
    if any(line.strip().startswith("secure:") for line in lines):
        return
    kept = [line for line in lines if not line.startswith("encryptionsalt:")]
    if kept != lines:
        stack_file.write_text("".join(kept), encoding="utf-8")


def _is_own(project: Path, environment: Mapping[str, str]) -> bool:
    return environment.get("PULUMI_BACKEND_URL") == backend_url(project)


def _listed_by_pulumi(project: Path, environment: Mapping[str, str]) -> set[str]:
    command = [*pulumi_command(), "stack", "ls", "--json", "--non-interactive"]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RunError(f"`pulumi stack ls` failed: {one_line(done.stderr, -300)}")
    return {str(entry["name"]).rpartition("/")[2] for entry in json.loads(done.stdout or "[]")}


def _pulumi_stack(project: Path, arguments: list[str], environment: Mapping[str, str]) -> None:
    command = [*pulumi_command(), "stack", *arguments]
    # Standard output is for the command that the user gave.
    if subprocess.run(command, cwd=project, env=environment, stdout=sys.stderr, check=False).returncode:
        raise RunError(f"`pulumi stack {' '.join(arguments)}` failed; its messages are above")
