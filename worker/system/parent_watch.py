"""Stop a worker process when the process that started it has ended, because then nothing reads its result."""

import os
import signal
import threading
import time

from core.process import PARENT_VARIABLE

_POLL_SECONDS = 0.5


def end_with_parent() -> None:
    """Watch the parent that the environment names from a thread, and send SIGTERM to this process when it has ended."""
    parent = os.environ.get(PARENT_VARIABLE)
    if parent is not None:
        threading.Thread(target=_watch, args=(int(parent),), name="parent watch", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
