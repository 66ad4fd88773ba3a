"""The platform of a `pulumi` command line, which determines the providers that an engine needs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cli.command_line import option_values, stack_of
from core.stack_file import stack_configuration, stacks_of

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
    if stack is None or stack not in stacks_of(project):
        return "local"
    return str(stack_configuration(project, stack).get(KEY) or "local")
