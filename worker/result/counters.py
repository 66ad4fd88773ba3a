"""Count the acknowledged rows of a worker, time its batches, and write a progress line each second."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import psutil
from hdrh.histogram import HdrHistogram

from core.results import CONNECTING, READY, Latency, Metrics, Phases, Progress
from core.units import MIB
from worker.result.latency_timeline import IntervalRecorder

LOWEST, HIGHEST, DIGITS = 1, 3_600_000_000, 3
"""The range of the histogram in microseconds, one to an hour, and its significant digits."""
INTERVAL_SECONDS = 1.0


class Latencies:
    """Batch latencies in an HdrHistogram (hdrhistogram.org), which can be merged over workers.

    One record costs about a microsecond, so latencies are recorded per batch and not per row. The encoded form is the
    compressed V2 log format in base64.
    """

    def __init__(self) -> None:
        self._histogram = HdrHistogram(LOWEST, HIGHEST, DIGITS)

    def record(self, seconds: float) -> None:
        """Record one batch: seconds from sending it to its acknowledgement."""
        self._histogram.record_value(min(max(round(seconds * 1e6), LOWEST), HIGHEST))

    def percentile(self, percent: float) -> float:
        """Return the latency in milliseconds that this percentage of the batches does not exceed."""
        return float(self._histogram.get_value_at_percentile(percent)) / 1000

    def summary(self, batch_size: int) -> Latency | None:
        """Return the latencies for the result, or None before the first batch."""
        if not self._histogram.get_total_count():
            return None
        return Latency(
            p50=self.percentile(50),
            p90=self.percentile(90),
            p99=self.percentile(99),
            p999=self.percentile(99.9),
            max=float(self._histogram.get_max_value()) / 1000,
            batch_size=batch_size,
            histogram=self._histogram.encode().decode(),
        )


@dataclass(slots=True)
class Counters:
    """Counts of acknowledged work. One thread writes them; a reader may see values that are one batch old."""

    total_rows: int = 0
    loads: bool = True
    """Whether rows count when they are acknowledged; without loading, rows count when they are compared."""
    rows: int = 0
    batches: int = 0
    bytes: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    timeline: list[int] = field(default_factory=list)
    latencies: Latencies = field(default_factory=Latencies)
    intervals: IntervalRecorder = field(default_factory=IntervalRecorder)
    compared: int = 0
    started: float = field(default_factory=time.perf_counter)
    phase: str = CONNECTING
    instants: dict[str, datetime] = field(default_factory=dict)
    """The instants at which the worker reached each step: a field of `core.results.Instants`, by name."""
    _loaded: float | None = None

    def mark(self, step: str) -> None:
        """Record that the worker reached a step now."""
        self.instants[step] = datetime.now(UTC)

    def mark_ready(self) -> None:
        """Record that the worker is connected and could load now."""
        self.phase = READY
        self.mark("ready")

    def begin_load(self) -> None:
        """Begin the load phase and the first second of the timeline, once the worker is ready."""
        self.started, self.phase = time.perf_counter(), "load"
        if self.loads:
            self.mark("load_started")

    def end_load(self) -> None:
        """End the load phase: rows and their rate are counted up to this moment."""
        self._loaded = time.perf_counter()
        self.mark("load_ended")

    def begin_verify(self) -> None:
        """Begin the verify phase. Without a load phase, the rate is that of comparing."""
        if not self.loads:
            self.started = time.perf_counter()
        self.phase = "verify"
        self.mark("verify_started")

    def add_compared(self, rows: int) -> None:
        """Count compared rows. They are the rows of the result if the worker only verifies."""
        self.compared += rows
        if not self.loads:
            self.rows += rows
            self.batches += 1
            self._add_to_timeline(rows)

    def add_batch(self, rows: int, sent_bytes: int, seconds: float) -> None:
        """Count one acknowledged batch."""
        self.rows += rows
        self.batches += 1
        self.bytes += sent_bytes
        self.latencies.record(seconds)
        self._add_to_timeline(rows, seconds)

    def _add_to_timeline(self, rows: int, latency_seconds: float | None = None) -> None:
        elapsed = time.perf_counter() - self.started
        self.intervals.record(elapsed, rows, latency_seconds)
        second = int(elapsed)
        self.timeline.extend([0] * (second + 1 - len(self.timeline)))
        self.timeline[second] += rows

    def add_seconds(self, phase: str, seconds: float) -> None:
        """Add seconds to the time of a phase."""
        self.seconds[phase] = self.seconds.get(phase, 0.0) + seconds

    def phases(self) -> Phases:
        """Return the time of each phase in milliseconds."""
        return Phases(**{name: round(seconds * 1000, 3) for name, seconds in self.seconds.items()})

    def metrics(self) -> Metrics:
        """Return the five metrics of the result: over the load phase, or over the verify phase if nothing was loaded."""
        seconds = (self._loaded or time.perf_counter()) - self.started
        return Metrics(
            rows_processed=self.rows,
            duration_ms=round(seconds * 1000),
            batch_count=self.batches,
            rows_per_second=round(self.rows / seconds, 1) if seconds > 0 else 0.0,
            bytes_written=self.bytes,
        )


class ProgressLines:
    """Write a progress line each second from a thread, and a last one at the end.

    The lines are for `watch`, and for the report of a worker that is killed.
    """

    def __init__(self, worker_id: str, counters: Counters, write: Callable[[str], object]) -> None:
        self._worker_id = worker_id
        self._counters = counters
        self._write = write
        self._process = psutil.Process()
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        self.write()

    def _run(self) -> None:
        while not self._ended.wait(INTERVAL_SECONDS):
            self.write()

    def write(self) -> None:
        """Write a line now."""
        counters = self._counters
        line = Progress(
            progress=self._worker_id,
            at=datetime.now(UTC),
            rows=counters.rows,
            total_rows=counters.total_rows,
            batches=counters.batches,
            bytes=counters.bytes,
            p99_ms=counters.latencies.percentile(99) if counters.batches else None,
            memory_mb=round(self._process.memory_info().rss / MIB, 1),
            phase=counters.phase,
            compared_rows=counters.compared,
        )
        with self._lock:
            self._write(line.model_dump_json())
