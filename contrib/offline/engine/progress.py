"""Progress messages for the user. Standard output is for the result."""

from __future__ import annotations

import sys


def say(line: str) -> None:
    """Print one line to standard error and flush it."""
    print(f"engine: {line}", file=sys.stderr, flush=True)
