"""The stack that a command names: created on first use if it has a file, so that `pulumi up -s small` works in a clone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from contrib.offline.engine import backend, yaml_file
from contrib.offline.engine.command_line import stack_files
from contrib.offline.engine.errors import EngineError, UnknownStackError


def require(project: Path, stack: str, environment: Mapping[str, str]) -> None:
    """Raise UnknownStackError, which lists the stacks, for one that has neither a file nor a state."""
    if "/" in stack or any(file.is_file() for file in stack_files(project, stack)):
        return
    if environment.get("PULUMI_BACKEND_URL") == backend.url(project):
        known = {file.stem for file in state_file(project, stack).parent.glob("*.json")}
    else:
        known = _listed(environment)
    if stack in known:
        return
    files = [file for each in stack_files(project, "*") for file in each.parent.glob(each.name)]
    names = known | {file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in files}
    raise UnknownStackError(
        f"--stack: {stack!r} does not exist; use one of {', '.join(sorted(names))}, or create Pulumi.{stack}.yaml"
    )


def _listed(environment: Mapping[str, str]) -> set[str]:
    """The stacks that the user's own backend holds of this project."""
    command = ["pulumi", "stack", "ls", "--json", "--non-interactive"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise EngineError(f"`{' '.join(command)}` failed: {' '.join(done.stderr.split())[-300:]}")
    return {str(entry["name"]).rpartition("/")[2] for entry in json.loads(done.stdout or "[]")}


def ensure(project: Path, stack: str, environment: Mapping[str, str]) -> None:
    """Create the stack unless its backend has it. Raises EngineError when Pulumi refuses to."""
    if environment.get("PULUMI_BACKEND_URL") != backend.url(project):
        create(["select", "--create", stack], environment)
    elif not state_file(project, stack).is_file():
        forget_old_salt(stack_files(project, stack)[0])
        create(["init", "--no-select", stack], environment)


def create(arguments: list[str], environment: Mapping[str, str]) -> None:
    """Run `pulumi stack ARGUMENTS`; what it says goes to standard error."""
    command = ["pulumi", "stack", *arguments]
    if subprocess.run(command, env=environment, stdout=sys.stderr, check=False).returncode:
        raise EngineError(f"`{' '.join(command)}` failed: see the lines above")


def state_file(project: Path, stack: str) -> Path:
    """Where the project's own backend keeps the stack."""
    name = yaml_file.mapping(project / "Pulumi.yaml").get("name")
    return project / backend.FOLDER / ".pulumi" / "stacks" / str(name) / f"{stack}.json"


def forget_old_salt(stack_file: Path) -> None:
    """Drop a salt of an earlier backend from a stack's file, which a new stack would refuse to be sealed with.

    A file that holds secrets keeps it: Pulumi then asks for the passphrase they were sealed with.
    """
    if not stack_file.is_file():
        return
    lines = stack_file.read_text(encoding="utf-8").splitlines(keepends=True)
    if any(line.strip().startswith("secure:") for line in lines):
        return
    kept = [line for line in lines if not line.startswith("encryptionsalt:")]
    if kept != lines:
        stack_file.write_text("".join(kept), encoding="utf-8")
