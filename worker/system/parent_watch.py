"""A worker process ends when the one that started it is gone: nobody is left to read what it would report."""

import os
import signal
import threading
import time

PARENT_VARIABLE = "LOADTEST_PARENT"
"""The pid of the process that waits for this worker; unset in a container, whose engine sees to its end."""
_LOOK_SECONDS = 0.5


def end_with_parent() -> None:
    """Watch the parent that the environment names, from a thread; SIGTERM to ourselves once it is gone."""
    parent = os.environ.get(PARENT_VARIABLE)
    if parent is not None:
        threading.Thread(target=_watch, args=(int(parent),), name="orphan", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
