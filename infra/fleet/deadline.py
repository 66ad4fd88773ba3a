"""How long a preparation is waited for: until its time is over, or nobody waits for the run any more."""

import time
from collections.abc import Callable

from core.results import ExitReason
from infra.fleet.runner import ProcessExit


class Deadline:
    """From now on, for so many seconds."""

    def __init__(self, seconds: float, wanted: Callable[[], bool]) -> None:
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._wanted = wanted

    def expired(self) -> ProcessExit | None:
        """How the preparation is to be said to have ended, by which it has to be ended; None while there is deadline."""
        if not self._wanted():
            return ProcessExit(None, "", ExitReason.INTERRUPTED)
        if time.monotonic() > self._deadline:
            said = f"it did not end within {self._seconds:.0f} s; raise loadtest:connectTimeout"
            return ProcessExit(None, "", ExitReason.TIMED_OUT, said)
        return None
