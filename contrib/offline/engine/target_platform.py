"""The platform of a `pulumi` command line, which determines the providers that an engine needs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cli.command_line import option_values, stack_of
from core.stack_file import read_stack

KEY = "loadtest:platform"


def platform_of(arguments: Sequence[str], project: Path) -> str:
    """Return the platform that `-c loadtest:platform=VALUE` sets, else the one of the stack, else `local`.

    Raises SettingsError for a stack file that is not valid.
    """
    for assignment in option_values(arguments, "-c", "--config"):
        name, _, value = assignment.partition("=")
        if name == KEY:
            return value
    stack = stack_of(arguments)
    return str(read_stack(project, stack).get(KEY) or "local") if stack is not None else "local"
