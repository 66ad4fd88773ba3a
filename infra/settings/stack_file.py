"""A stack's settings without an engine: its file's keys of our own namespace."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.stack_file import is_secret, stack_configuration
from infra.settings.model import NAMESPACE


def stack_values(project: Path, stack: str) -> Mapping[str, Any]:
    """The keys of a stack without their namespace; secrets, which only the engine can read, are left out."""
    return {
        key.removeprefix(f"{NAMESPACE}:"): value
        for key, value in stack_configuration(project, stack).items()
        if key.startswith(f"{NAMESPACE}:") and not is_secret(value)
    }


def encrypted_keys(project: Path, stack: str) -> frozenset[str]:
    """The stack's keys, without their namespace, whose values only the engine can read."""
    prefix = f"{NAMESPACE}:"
    configuration = stack_configuration(project, stack)
    return frozenset(
        key.removeprefix(prefix) for key, value in configuration.items() if key.startswith(prefix) and is_secret(value)
    )
