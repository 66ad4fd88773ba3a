"""Processes told apart by a variable that whoever started them put into their environment."""

from pathlib import Path


def processes_with(variable: str, value: str) -> list[str]:
    """The command lines of the living processes whose environment has this variable with this value."""
    mark = f"{variable}={value}".encode()
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip())
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # ended meanwhile, or another user's
    return found
