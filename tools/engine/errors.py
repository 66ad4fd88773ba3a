"""What goes wrong while an engine is made; every message is one line that says what to do."""

from __future__ import annotations

INTERRUPTED = 130
"""Exit code after Ctrl-C."""


class EngineError(Exception):
    """No engine could be made. `exit_code` is this program's."""

    exit_code = 1


class MissingToolError(EngineError):
    """A tool that the build needs is not installed."""

    exit_code = 2
