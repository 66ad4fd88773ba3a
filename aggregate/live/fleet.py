"""State and rate of each worker and of the fleet, updated by snapshots. Reads no clock and draws nothing."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from aggregate.live.feed import Snapshot
from aggregate.report import worker_order
from core.plan import LoadPlan
from core.results import WorkerResult
from core.units import MIB

LATE_AFTER_SECONDS = 5.0
RATE_OVER_SECONDS = 5.0
HISTORY = 60
"""How many updates the fleet's sparkline shows."""


class State(StrEnum):
    """The state of a worker. LATE: no output for five seconds, after the first. LOST: it ended without a result."""

    WAITING = "waiting"
    RUNNING = "running"
    LATE = "late"
    DONE = "done"
    FAILED = "failed"
    LOST = "lost"

    @property
    def over(self) -> bool:
        """Whether the worker has ended."""
        return self in (State.DONE, State.FAILED, State.LOST)


@dataclass
class Worker:
    """One worker. `rate` is in rows per second over the last five seconds; after the end, over its load.

    `done` and `rate` count compared rows while the worker verifies, and loaded rows otherwise.
    """

    id: str
    total_rows: int | None = None
    state: State = State.WAITING
    rows: int = 0
    compared: int = 0
    rate: float = 0.0
    phase: str = ""
    p99_ms: float | None = None
    memory_mb: float | None = None
    memory_limit_mb: float | None = None
    result: WorkerResult | None = None
    _changed_at: float | None = None
    _last: tuple[float, int] | None = None
    _recent: deque[tuple[float, int]] = field(default_factory=deque[tuple[float, int]])

    def update(self, snapshot: Snapshot, now: float) -> None:
        """Apply one snapshot, taken at `now` seconds of a monotonic clock."""
        self.memory_limit_mb = snapshot.memory_limit / MIB if snapshot.memory_limit else self.memory_limit_mb
        self.result = snapshot.result
        if snapshot.result is not None:
            self._end(snapshot.result)
            return
        if snapshot.progress is not None:
            self._advance(snapshot, now)
        if not snapshot.started:
            self.state = State.WAITING
        elif not snapshot.running:
            self.state, self.rate = State.LOST, 0.0
        else:
            # Without any output, the process still starts: that may take longer on a busy machine.
            is_late = self._changed_at is not None and now - self._changed_at >= LATE_AFTER_SECONDS
            self.state = State.LATE if is_late else State.RUNNING

    def mark_gone(self) -> None:
        """Mark the worker as lost, unless it had already ended: its container does not exist any more."""
        if not self.state.over:
            self.state, self.rate = State.LOST, 0.0

    @property
    def done(self) -> int:
        """The rows that the worker has finished in its current phase."""
        return self.compared if self.phase == "verify" else self.rows

    @property
    def seconds_left(self) -> float | None:
        """Time until the current phase ends at the current rate; None if that is unknown."""
        if not self.total_rows or self.rate <= 0 or self.done >= self.total_rows:
            return None
        return (self.total_rows - self.done) / self.rate

    @property
    def error(self) -> str | None:
        """The last error in the worker's result."""
        return self.result.errors[-1] if self.result and self.result.errors else None

    def _end(self, result: WorkerResult) -> None:
        self.state = State.DONE if result.success else State.FAILED
        self.rows = result.metrics.rows_processed
        self.compared = result.verification_report.total_expected if result.verification_report else self.compared
        self.phase = ""
        self.rate = result.metrics.rows_per_second
        self.p99_ms = result.latency_ms.p99 if result.latency_ms else self.p99_ms
        self.memory_mb = result.peak_memory_mb or self.memory_mb

    def _advance(self, snapshot: Snapshot, now: float) -> None:
        progress = snapshot.progress
        if progress is None:
            return
        done = progress.compared_rows if progress.phase == "verify" else progress.rows
        point = (progress.at.timestamp(), done)
        if point == self._last:
            return
        if done < self.done or progress.phase != self.phase:
            # Another phase has another rate, and that of an earlier attempt does not count.
            self._recent.clear()
        self._last, self._changed_at = point, now
        self._recent.append(point)
        while point[0] - self._recent[0][0] > RATE_OVER_SECONDS:
            self._recent.popleft()
        first = self._recent[0]
        elapsed = point[0] - first[0]
        self.rate = (point[1] - first[1]) / elapsed if elapsed > 0 else 0.0
        self.rows, self.total_rows, self.phase = progress.rows, progress.total_rows, progress.phase
        self.compared = progress.compared_rows
        self.p99_ms, self.memory_mb = progress.p99_ms, progress.memory_mb


@dataclass
class Fleet:
    """All workers, in the plan's order if there is one. `rates` has the fleet's rate at each update, oldest first."""

    workers: dict[str, Worker] = field(default_factory=dict[str, Worker])
    rates: deque[float] = field(default_factory=lambda: deque[float](maxlen=HISTORY))
    verifies_loaded_rows: bool = False
    _seen: set[str] = field(default_factory=set[str])

    def expect(self, plan: LoadPlan) -> None:
        """Add the plan's workers, each with its number of rows. Workers that are known already keep their state."""
        seen = self.workers
        self.verifies_loaded_rows = plan.operation.populates and plan.operation.verifies
        self.workers = {each.id: seen.get(each.id, Worker(each.id)) for each in plan.workers}
        for planned in plan.workers:
            self.workers[planned.id].total_rows = planned.rows

    def update(self, snapshots: Sequence[Snapshot], now: float) -> list[tuple[Worker, State]]:
        """Apply the snapshots of all workers; return the workers whose state changed, with their former state.

        A worker that had a snapshot before and has none now is lost. Without any snapshot, all workers are lost. Otherwise
        a worker that never had a snapshot is still waiting.
        """
        before = {worker.id: worker.state for worker in self.workers.values()}
        for snapshot in sorted(snapshots, key=lambda each: worker_order(each.worker_id)):
            self.workers.setdefault(snapshot.worker_id, Worker(snapshot.worker_id)).update(snapshot, now)
        present = {snapshot.worker_id for snapshot in snapshots}
        for gone in (self._seen if present else self.workers.keys()) - present:
            self.workers[gone].mark_gone()
        self._seen |= present
        self.rates.append(self.rate)
        changed = ((worker, before.get(worker.id, State.WAITING)) for worker in self.workers.values())
        return [(worker, state) for worker, state in changed if worker.state is not state]

    @property
    def rows(self) -> int:
        """All acknowledged rows of the fleet."""
        return sum(worker.rows for worker in self.workers.values())

    @property
    def total_rows(self) -> int:
        """All planned rows, as far as they are known."""
        return sum(worker.total_rows or worker.rows for worker in self.workers.values())

    @property
    def rate(self) -> float:
        """Rows per second of all running workers."""
        return sum(worker.rate for worker in self._active())

    @property
    def compared(self) -> int | None:
        """All rows that were loaded and then compared; None if the run does not compare the rows that it loads."""
        return sum(worker.compared for worker in self.workers.values()) if self.verifies_loaded_rows else None

    @property
    def seconds_left(self) -> float | None:
        """Time until the slowest worker ends its current phase; None if no worker makes progress.

        Workers that verify count only if no other worker loads, which is the case if not `loads`.
        """
        known = [worker.seconds_left for worker in self._active() if not self.loads or worker.phase != "verify"]
        return max((seconds for seconds in known if seconds is not None), default=None)

    @property
    def loads(self) -> bool:
        """Whether a worker loads rows that it will verify later."""
        return self.verifies_loaded_rows and any(worker.phase == "load" for worker in self._active())

    @property
    def over(self) -> bool:
        """Whether every worker has ended or is lost."""
        return bool(self.workers) and all(worker.state.over for worker in self.workers.values())

    def counts(self) -> dict[State, int]:
        """Return the number of workers per state; states without workers are left out."""
        states = [worker.state for worker in self.workers.values()]
        return {state: states.count(state) for state in State if state in states}

    def results(self) -> list[WorkerResult]:
        """Return the results of the workers that have ended."""
        return [worker.result for worker in self.workers.values() if worker.result is not None]

    def missing(self) -> dict[str, str]:
        """Return the workers without a result, each with its last known progress."""
        return {
            worker.id: f"it ended without a result, after {worker.rows:,} rows"
            for worker in self.workers.values()
            if worker.result is None
        }

    def _active(self) -> list[Worker]:
        return [worker for worker in self.workers.values() if worker.state in (State.RUNNING, State.LATE)]
