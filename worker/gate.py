"""The gate in front of the load: a worker that is ready waits there until the fleet opens it for all workers."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from core.errors import RunError
from core.process import READY_VARIABLE, START_VARIABLE
from core.settings_key import setting_key

POLL_SECONDS = 0.01
_GRACE_SECONDS = 60
"""Added to the fleet's own bound: a worker whose fleet was killed must not wait for ever."""


@dataclass(frozen=True, slots=True)
class Gate:
    """The files by which fleet and worker agree. Without a `start` file the worker does not wait."""

    start: Path | None = None
    ready: Path | None = None

    @classmethod
    def of_environment(cls) -> Self:
        """Return the gate that the platform names; a worker that a person starts has none."""
        start, ready = (os.environ.get(name) for name in (START_VARIABLE, READY_VARIABLE))
        return cls(Path(start) if start else None, Path(ready) if ready else None)

    def wait(self, seconds: float) -> None:
        """Report that the worker is ready, and wait until the start file has content. A signal ends the wait.

        `seconds` is the fleet's bound. Raises RunError if the file is still empty or missing some time after it.
        """
        if self.start is None:
            return
        if self.ready is not None:
            self.ready.touch()
        deadline = time.monotonic() + seconds + _GRACE_SECONDS
        while not self._is_open():
            if time.monotonic() > deadline:
                raise RunError(
                    f"start: the fleet did not let this worker load within {seconds + _GRACE_SECONDS:.0f} s; it may have "
                    f"been killed: run again, or raise {setting_key('startTimeout')}"
                )
            time.sleep(POLL_SECONDS)

    def _is_open(self) -> bool:
        try:
            return self.start is not None and self.start.stat().st_size > 0
        except FileNotFoundError:
            return False
