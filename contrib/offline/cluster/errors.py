"""Errors of the test cluster."""

from __future__ import annotations

from contrib.offline.parts.errors import ToolError


class ClusterError(ToolError):
    """The cluster could not be built, started, stopped or filled. The message has the remedy."""
