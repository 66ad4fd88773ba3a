"""What a person waiting for the cluster reads, with the seconds since the command began."""

from __future__ import annotations

import sys
import time

_BEGAN = time.monotonic()


def say(line: str) -> None:
    """Print one line to standard error at once; standard output stays free for the answer."""
    print(f"cluster: {time.monotonic() - _BEGAN:5.1f} s  {line}", file=sys.stderr, flush=True)
