"""Progress messages for the user, with the seconds since the command began."""

from __future__ import annotations

import sys
import time

_BEGAN = time.monotonic()


def say(line: str) -> None:
    """Print one line to standard error and flush it. Standard output is for the result."""
    print(f"cluster: {time.monotonic() - _BEGAN:5.1f} s  {line}", file=sys.stderr, flush=True)
