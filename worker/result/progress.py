"""The line a second that says how far a worker is: for whoever watches, and for the report of one that is killed."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import psutil

from core.results import Progress
from core.units import MIB
from worker.result.counters import Tally

INTERVAL_SECONDS = 1.0


class ProgressLines:
    """Writes a progress line each second from a thread of its own, and one when it ends."""

    def __init__(self, worker_id: str, tally: Tally, write: Callable[[str], object]) -> None:
        self._worker_id = worker_id
        self._tally = tally
        self._write = write
        self._process = psutil.Process()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._write_line()

    def _run(self) -> None:
        while not self._ended.wait(INTERVAL_SECONDS):
            self._write_line()

    def _write_line(self) -> None:
        tally = self._tally
        line = Progress(
            progress=self._worker_id,
            at=datetime.now(UTC),
            rows=tally.rows,
            total_rows=tally.total_rows,
            batches=tally.batches,
            bytes=tally.bytes,
            p99_ms=tally.latencies.percentile(99) if tally.batches else None,
            memory_mb=round(self._process.memory_info().rss / MIB, 1),
            phase=tally.phase,
        )
        self._write(line.model_dump_json())
