"""An iterator that another thread runs ahead of its reader, by a bounded number of items."""

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
"""How long the maker may hold the interpreter when its reader wants it; with Python's 5 ms a server waits as long."""
_NICER = 5
"""So much lower is the maker's priority: where both share a core, its reader has it as soon as a server has answered."""


class Prefetcher(Generic[T]):
    """Makes the next items while the reader is busy with this one; the maker's error reaches the reader."""

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
        _give_way()
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


def _give_way() -> None:
    """Lower this thread's priority, where threads have one of their own."""
    if sys.platform != "linux":
        return
    thread = threading.get_native_id()
    # A sandbox may forbid it; then the load is a little slower.
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + _NICER)
