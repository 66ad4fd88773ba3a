"""Run an iterator in another thread, a bounded number of items ahead of its reader."""

import os
import queue
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")
_END = object()
_SWITCH_SECONDS = 0.0005
"""The longest time that the producer keeps the interpreter lock while the reader waits for it. Python's default of 5 ms
would delay the server by as much."""
_NICER = 5
"""Added to the producer's nice value, so that the reader gets a shared core as soon as the server answers."""


class Prefetcher(Generic[T]):
    """Produce the next items while the reader uses the current one; raise the producer's error in the reader."""

    def __init__(self, items: Iterable[T], depth: int) -> None:
        self._items = items
        self._queue: queue.Queue[object] = queue.Queue(maxsize=depth)
        self._closed = threading.Event()
        self._error: BaseException | None = None
        self._switch_seconds = sys.getswitchinterval()
        self._thread = threading.Thread(target=self._run, name="generate", daemon=True)

    def __enter__(self) -> Iterator[T]:
        sys.setswitchinterval(_SWITCH_SECONDS)
        self._thread.start()
        return self._read()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._closed.set()
        self._thread.join()
        sys.setswitchinterval(self._switch_seconds)

    def _run(self) -> None:
        _lower_priority()
        try:
            for item in self._items:
                if not self._put(item):
                    return
        except BaseException as error:  # noqa: BLE001 - it is raised again in the reader's thread
            self._error = error
        self._put(_END)

    def _put(self, item: object) -> bool:
        while not self._closed.is_set():
            try:
                self._queue.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def _read(self) -> Iterator[T]:
        while (item := self._queue.get()) is not _END:
            yield item  # type: ignore[misc]
        if self._error is not None:
            raise self._error


def _lower_priority() -> None:
    """Lower the priority of this thread. Only Linux has a priority per thread."""
    if sys.platform != "linux":
        return
    thread = threading.get_native_id()
    # A sandbox may forbid this; the load is then slightly slower.
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + _NICER)
