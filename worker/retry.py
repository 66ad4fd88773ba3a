"""Wait for a server that may still be starting: exponential backoff with a cap, jitter and a deadline."""

import random
import time
from collections.abc import Callable

from core.errors import ServerError

FIRST, LONGEST = 0.05, 2.0
"""Seconds between two attempts: at first, and at most."""


def retry_until(deadline_seconds: float, attempt: Callable[[], None]) -> None:
    """Call `attempt` until it succeeds; raise its last ServerError if that is not transient or the deadline has passed."""
    started, pause = time.monotonic(), FIRST
    while True:
        try:
            attempt()
        except ServerError as error:
            waited = time.monotonic() - started
            if not error.transient:
                raise
            if waited + pause > deadline_seconds:
                raise ServerError(f"{error} (gave up after {waited:.0f} s)") from error
        else:
            return
        # Jitter spreads the connections of workers that start together. This is not a use for cryptography.
        time.sleep(random.uniform(pause / 2, pause))  # noqa: S311
        pause = min(pause * 2, LONGEST)
