"""Errors of the tools. Every message is one line with the remedy."""

from __future__ import annotations

INTERRUPTED = 130
"""The exit code after Ctrl-C."""


class ToolError(Exception):
    """A tool failed. `exit_code` is the program's."""

    exit_code = 1


class MissingToolError(ToolError):
    """A required program or privilege is missing."""

    exit_code = 2
