"""What goes wrong while an engine is made; every message is one line that says what to do."""

from __future__ import annotations

from contrib.offline.parts.errors import ToolError


class EngineError(ToolError):
    """No engine, or no stack for it, could be made."""


class UnknownStackError(EngineError):
    """A command names a stack that does not exist."""

    exit_code = 2
