"""Processes found by a variable in their environment."""

from testkit import session


def processes_with(variable: str, value: str) -> list[str]:
    """Return the command lines of the living processes whose environment has this variable with this value."""
    return [line for _, line in session.processes(variable, value)]
