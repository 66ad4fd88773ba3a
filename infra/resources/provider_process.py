"""A provider's process, the engine that it serves, and the program that asked for a resource.

A first Ctrl-C ends the program, and the engine waits for what is being made. A second one, or a kill, ends the engine,
which leaves its providers behind: they end themselves.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_LOOK_SECONDS = 0.5


class Service:
    """This process as one of an engine's providers. It ends when the engine has, once nothing is being made in it."""

    def __init__(self) -> None:
        self._engine = os.getppid()
        self._idle = threading.Condition()
        self._making = 0
        threading.Thread(target=self._watch, name="engine", daemon=True).start()

    @contextmanager
    def making(self) -> Iterator[None]:
        """While this lasts the process stays, to put away what it has begun."""
        with self._idle:
            self._making += 1
        try:
            yield
        finally:
            with self._idle:
                self._making -= 1
                self._idle.notify_all()

    def wanted_by(self, program: int) -> bool:
        """Whether the engine and the program, named by its pid, both still wait for what is being made."""
        return os.getppid() == self._engine and _exists(program)

    def _watch(self) -> None:
        while os.getppid() == self._engine:
            time.sleep(_LOOK_SECONDS)
        with self._idle:
            self._idle.wait_for(lambda: not self._making)
            # Not sys.exit: the main thread serves an engine that is gone, and would never notice.
            os._exit(1)


_service: Service | None = None
_first = threading.Lock()


def service() -> Service:
    """This process's one service; it begins with the first resource that is made."""
    global _service  # noqa: PLW0603 - a process has one parent
    with _first:
        if _service is None:
            _service = Service()
        return _service


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
