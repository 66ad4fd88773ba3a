"""What a person waiting for the engine reads; standard output stays free for the answer."""

from __future__ import annotations

import sys


def say(line: str) -> None:
    """Print one line to standard error at once."""
    print(f"engine: {line}", file=sys.stderr, flush=True)
