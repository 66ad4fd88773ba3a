"""What goes wrong while a tool works; every message is one line that says what to do."""

from __future__ import annotations

INTERRUPTED = 130
"""Exit code after Ctrl-C."""


class ToolError(Exception):
    """A tool could not do its work. `exit_code` is the program's."""

    exit_code = 1


class MissingToolError(ToolError):
    """A program or a privilege that the work needs is not there."""

    exit_code = 2
