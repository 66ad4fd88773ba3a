"""Read a stack with the `pulumi` command: its outputs, its last update and its state."""

import json
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.files import reason_of
from core.process import loadtest_command, missing_pulumi, pulumi_command
from core.stack_file import stacks_of, unknown_stack

PROJECT = Path(__file__).resolve().parents[1]
_FLEET = "pulumi-python:dynamic/loadtest:Fleet"
_ROOT = "pulumi:pulumi:Stack"
_FLEET_OUTPUTS = {
    "platform": "platform",
    "plan": "plan",
    "results": "results",
    "executionId": "execution_id",
    "startedAt": "started_at",
    "error": "error",
    "startSpreadMs": "start_spread_ms",
    "serverSettings": "server_settings",
    "warnings": "warnings",
    "server": "server",
    "instants": "instants",
}
"""The stack's outputs that are outputs of the fleet, with their names there."""


def run_it(stack: str) -> str:
    """Return the remedy for a stack without a run."""
    return f"run it first with: {loadtest_command('up', stack)}"


def read(name: str, *arguments: str) -> bytes:
    """Return what `pulumi stack ARGUMENTS` prints for a stack. Raises InputError if it fails."""
    command = [*pulumi_command(), "stack", *arguments, "-s", name]
    try:
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, check=False)
    except OSError as error:
        raise missing_pulumi(command[0], f"cannot be run ({reason_of(error)})") from None
    if done.returncode:
        raise InputError(_refusal(name, done.stderr.decode(errors="replace")))
    return done.stdout


def last_failure(name: str) -> datetime | None:
    """Return the start of the stack's last update if it failed; the end of time if the start is unknown."""
    update = _last_update(name)
    if update.get("result") != "failed":
        return None
    return instant(update.get("startTime")) or datetime.max.replace(tzinfo=UTC)


def has_begun(name: str, since: datetime) -> bool:
    """Return whether the stack's last update started at this time or later; Pulumi records whole seconds."""
    started = instant(_last_update(name).get("startTime"))
    return started is not None and started >= since.replace(microsecond=0)


def _last_update(name: str) -> Mapping[str, Any]:
    updates = json.loads(read(name, "history", "--json", "--page-size", "1"))
    return updates[0] if updates else {}


def outputs(name: str) -> dict[str, Any]:
    """Return the stack's outputs, with those of the fleet in the state in place of older or missing ones.

    Secrets are encrypted. A program that Ctrl-C ended has exported nothing, but its fleet is in the state.
    """
    deployment = json.loads(read(name, "export")).get("deployment") or {}
    found = {each.get("type"): each.get("outputs") or {} for each in deployment.get("resources") or ()}
    fleet: dict[str, Any] = found.get(_FLEET, {})
    return {**found.get(_ROOT, {}), **{key: fleet[field] for key, field in _FLEET_OUTPUTS.items() if field in fleet}}


def instant(text: object) -> datetime | None:
    """Return an instant with a time zone; None for anything else."""
    try:
        parsed = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return parsed if parsed.tzinfo else None


def _refusal(name: str, stderr: str) -> str:
    unknown = [line for line in stderr.splitlines() if f"--stack: {name!r} does not exist" in line]
    if unknown:
        return unknown[-1].partition(": ")[2]
    if "no stack named" in stderr or "no Pulumi project" in stderr:
        if name in stacks_of(PROJECT):
            return f"--stack: {name!r} has not been created; {run_it(name)}"
        return str(unknown_stack(name, stacks_of(PROJECT)))
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    reason = next((line for line in lines if line.startswith("error:")), lines[-1] if lines else "unknown reason")
    return f"--stack: pulumi cannot read the outputs of {name!r}: {reason.removeprefix('error: ')}"
