"""Find the instances that a Pulumi state contains: their resources are in use, and `destroy` removes them."""

import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from core.backend import state_file
from core.process import CHECKOUT_VARIABLE, pulumi_command

_TYPE = "loadtest:Instance"
_SECONDS = 60


def instances_in_use(project: Path, stacks: Iterable[str]) -> Mapping[str, str]:
    """Return the stacks by the instance in their state.

    A state with pending operations does not count: an engine is at work, or was killed and left what it did not record.
    """
    found = {}
    for stack in stacks:
        deployment = _deployment(project, stack)
        for resource in [] if deployment.get("pending_operations") else deployment.get("resources") or ():
            if str(resource["type"]).endswith(_TYPE):
                found[str(resource["id"])] = stack
    return found


def _deployment(project: Path, stack: str) -> Mapping[str, Any]:
    """Return a stack's state from the project's own backend or, below `./loadtest`, from another one; empty if unknown."""
    try:
        file = state_file(project, stack)
        if file.is_file():
            return json.loads(file.read_bytes())["checkpoint"]["latest"] or {}
        return _exported(project, stack) if CHECKOUT_VARIABLE in os.environ else {}
    except (OSError, ValueError, LookupError, TypeError, subprocess.SubprocessError):
        return {}


def _exported(project: Path, stack: str) -> Mapping[str, Any]:
    command = [*pulumi_command(), "stack", "export", "--non-interactive", "--stack", stack]
    done = subprocess.run(command, cwd=project, capture_output=True, check=True, timeout=_SECONDS)
    return json.loads(done.stdout)["deployment"] or {}
