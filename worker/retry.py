"""Waiting for a server that may still be starting: capped exponential backoff with jitter, and a deadline."""

import random
import time
from collections.abc import Callable

from core.errors import ServerError

FIRST, LONGEST = 0.05, 2.0
"""Seconds between two tries, at first and at most."""


def retry_until(deadline_seconds: float, attempt: Callable[[], None]) -> None:
    """Try until it succeeds; raises the last ServerError when it is not transient, or when the deadline has passed."""
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
        # Full jitter: a fleet that starts at once must not knock at once. No secret hangs on this randomness.
        time.sleep(random.uniform(pause / 2, pause))  # noqa: S311
        pause = min(pause * 2, LONGEST)
