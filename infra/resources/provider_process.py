"""The process of a provider of Pulumi: it ends with its engine.

A first Ctrl-C ends the program, and the engine waits for resources in creation. A second one, or a kill, ends the engine
without its providers. They then end themselves, or are ended by infra.orphaned_plugins.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_POLL_SECONDS = 0.5


class ProviderProcess:
    """Watch the engine of this provider process, and end the process after it, once no resource is being created."""

    def __init__(self) -> None:
        self._engine = os.getppid()
        self._idle = threading.Condition()
        self._in_creation = 0
        threading.Thread(target=self._watch, name="engine", daemon=True).start()

    @contextmanager
    def creating(self) -> Iterator[None]:
        """Keep the process alive until the block ends, so that it can clean up after itself."""
        with self._idle:
            self._in_creation += 1
        try:
            yield
        finally:
            with self._idle:
                self._in_creation -= 1
                self._idle.notify_all()

    def is_awaited_by(self, program: int) -> bool:
        """Return whether the engine and the program with this pid still wait for the resource."""
        return os.getppid() == self._engine and _exists(program)

    def _watch(self) -> None:
        while os.getppid() == self._engine:
            time.sleep(_POLL_SECONDS)
        with self._idle:
            self._idle.wait_for(lambda: not self._in_creation)
            # Not sys.exit: the main thread waits for requests of an engine that is gone.
            os._exit(1)


_process: ProviderProcess | None = None
_creating_instance = threading.Lock()


def provider_process() -> ProviderProcess:
    """Return the one instance of this process; the first call creates it."""
    global _process  # noqa: PLW0603 - a process has one parent
    with _creating_instance:
        if _process is None:
            _process = ProviderProcess()
        return _process


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
