"""What a worker has done so far: counted by the loading thread, read by the one that reports progress."""

import time
from dataclasses import dataclass, field

from core.results import Metrics, Phases
from worker.result.latency import Latencies


@dataclass(slots=True)
class Tally:
    """Counts of acknowledged work. One thread writes; readers may be a batch behind."""

    total_rows: int = 0
    loads: bool = True
    """Whether rows count once they are acknowledged, or else once they are compared."""
    rows: int = 0
    batches: int = 0
    bytes: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    timeline: list[int] = field(default_factory=list)
    latencies: Latencies = field(default_factory=Latencies)
    started: float = field(default_factory=time.perf_counter)
    phase: str = "connect"
    loaded: float | None = None

    def begin_load(self) -> None:
        """The source is there: the timeline's first second starts now."""
        self.started, self.phase = time.perf_counter(), "load"

    def begin_verify(self) -> None:
        """Loading has ended, if there was any: its rate is over the time until now."""
        if self.loads:
            self.loaded = time.perf_counter()
        self.phase = "verify"

    def compared(self, rows: int) -> None:
        """Count rows that were read back, where nothing is loaded."""
        if not self.loads:
            self.rows += rows
            self.batches += 1
            self._in_this_second(rows)

    def acknowledged(self, rows: int, sent_bytes: int, seconds: float) -> None:
        """Count one batch that the source has acknowledged."""
        self.rows += rows
        self.batches += 1
        self.bytes += sent_bytes
        self.latencies.record(seconds)
        self._in_this_second(rows)

    def _in_this_second(self, rows: int) -> None:
        second = int(time.perf_counter() - self.started)
        self.timeline.extend([0] * (second + 1 - len(self.timeline)))
        self.timeline[second] += rows

    def spent(self, phase: str, seconds: float) -> None:
        """Add to a phase's time."""
        self.seconds[phase] = self.seconds.get(phase, 0.0) + seconds

    def phases(self) -> Phases:
        """Milliseconds by phase."""
        return Phases(**{name: round(seconds * 1000, 3) for name, seconds in self.seconds.items()})

    def metrics(self, seconds: float) -> Metrics:
        """The seed's five figures over a duration in seconds."""
        return Metrics(
            rows_processed=self.rows,
            duration_ms=round(seconds * 1000),
            batch_count=self.batches,
            rows_per_second=round(self.rows / seconds, 1) if seconds > 0 else 0.0,
            bytes_written=self.bytes,
        )
