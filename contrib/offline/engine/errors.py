"""Errors of the engine; every message is one line with the remedy."""

from __future__ import annotations

from contrib.offline.parts.errors import ToolError


class EngineError(ToolError):
    """The engine or a provider could not be built or installed."""
