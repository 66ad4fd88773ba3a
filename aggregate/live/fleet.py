"""The run as it stands: each worker's state and speed, and the fleet's, from one look to the next. No clock, no screen."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from aggregate.live.feed import Sighting
from aggregate.names import natural
from core.plan import LoadPlan
from core.results import WorkerResult
from core.units import MIB

LATE_AFTER_SECONDS = 5.0
RATE_OVER_SECONDS = 5.0
HISTORY = 60
"""How many looks the fleet's sparkline shows."""


class State(StrEnum):
    """Where a worker is. A silent one is late; it is lost only when its container is gone without a result."""

    WAITING = "waiting"
    RUNNING = "running"
    LATE = "late"
    DONE = "done"
    FAILED = "failed"
    LOST = "lost"

    @property
    def over(self) -> bool:
        """Whether nothing more is to come."""
        return self in (State.DONE, State.FAILED, State.LOST)


@dataclass
class Worker:
    """One worker. `rate` is in rows a second over its last seconds, of one that has ended over its life."""

    id: str
    total_rows: int | None = None
    state: State = State.WAITING
    rows: int = 0
    rate: float = 0.0
    phase: str = ""
    p99_ms: float | None = None
    memory_mb: float | None = None
    memory_limit_mb: float | None = None
    result: WorkerResult | None = None
    _heard_at: float | None = None
    _last: tuple[float, int] | None = None
    _recent: deque[tuple[float, int]] = field(default_factory=deque[tuple[float, int]])

    def see(self, sighting: Sighting, now: float) -> None:
        """Take in one sighting, at `now` seconds of the watcher's clock."""
        self.memory_limit_mb = sighting.memory_limit / MIB if sighting.memory_limit else self.memory_limit_mb
        self.result = sighting.result
        if sighting.result is not None:
            self._end(sighting.result)
            return
        if sighting.progress is not None:
            self._advance(sighting, now)
        if not sighting.started:
            self.state = State.WAITING
        elif not sighting.running:
            self.state, self.rate = State.LOST, 0.0
        else:
            self._heard_at = now if self._heard_at is None else self._heard_at
            silent = now - self._heard_at >= LATE_AFTER_SECONDS
            self.state = State.LATE if silent else State.RUNNING

    def vanish(self) -> None:
        """Its container is gone: unless it had ended, it is lost."""
        if not self.state.over:
            self.state, self.rate = State.LOST, 0.0

    @property
    def error(self) -> str | None:
        """Its last error, once it has ended with one."""
        return self.result.errors[-1] if self.result and self.result.errors else None

    def _end(self, result: WorkerResult) -> None:
        self.state = State.DONE if result.success else State.FAILED
        self.rows = result.metrics.rows_processed
        self.rate = result.metrics.rows_per_second
        self.p99_ms = result.latency_ms.p99 if result.latency_ms else self.p99_ms
        self.memory_mb = result.peak_memory_mb or self.memory_mb

    def _advance(self, sighting: Sighting, now: float) -> None:
        progress = sighting.progress
        if progress is None:
            return
        point = (progress.at.timestamp(), progress.rows)
        if point == self._last:
            return
        if progress.rows < self.rows:
            # Started again: its first attempt's speed says nothing about this one's.
            self._recent.clear()
        self._last, self._heard_at = point, now
        self._recent.append(point)
        while point[0] - self._recent[0][0] > RATE_OVER_SECONDS:
            self._recent.popleft()
        first = self._recent[0]
        elapsed = point[0] - first[0]
        self.rate = (point[1] - first[1]) / elapsed if elapsed > 0 else 0.0
        self.rows, self.total_rows, self.phase = progress.rows, progress.total_rows, progress.phase
        self.p99_ms, self.memory_mb = progress.p99_ms, progress.memory_mb


@dataclass
class Fleet:
    """All workers, in the plan's order where there is one. `rates` is the fleet's at each look, oldest first."""

    workers: dict[str, Worker] = field(default_factory=dict[str, Worker])
    rates: deque[float] = field(default_factory=lambda: deque[float](maxlen=HISTORY))
    _seen: set[str] = field(default_factory=set[str])

    def expect(self, plan: LoadPlan) -> None:
        """Wait for the plan's workers, each with its rows; those that were seen already keep what was seen."""
        seen = self.workers
        self.workers = {each.id: seen.get(each.id, Worker(each.id)) for each in plan.workers}
        for planned in plan.workers:
            self.workers[planned.id].total_rows = planned.rows

    def update(self, sightings: Sequence[Sighting], now: float) -> list[tuple[Worker, State]]:
        """Take in a look at everything; returns the workers whose state changed, with what it was.

        A worker that was there and is gone is lost; one that was never there waits, unless nothing is there any more.
        """
        before = {worker.id: worker.state for worker in self.workers.values()}
        for sighting in sorted(sightings, key=lambda each: natural(each.worker_id)):
            self.workers.setdefault(sighting.worker_id, Worker(sighting.worker_id)).see(sighting, now)
        there = {sighting.worker_id for sighting in sightings}
        for gone in (self._seen if there else self.workers.keys()) - there:
            self.workers[gone].vanish()
        self._seen |= there
        self.rates.append(self.rate)
        changed = ((worker, before.get(worker.id, State.WAITING)) for worker in self.workers.values())
        return [(worker, state) for worker, state in changed if worker.state is not state]

    @property
    def rows(self) -> int:
        """All acknowledged rows."""
        return sum(worker.rows for worker in self.workers.values())

    @property
    def total_rows(self) -> int:
        """All rows of the workers that said how many they have."""
        return sum(worker.total_rows or worker.rows for worker in self.workers.values())

    @property
    def rate(self) -> float:
        """Rows a second of those that are loading."""
        return sum(worker.rate for worker in self._in((State.RUNNING, State.LATE)))

    @property
    def seconds_left(self) -> float | None:
        """Until the slowest running worker has loaded its rows, at its speed; None when nothing moves."""
        moving = [worker for worker in self._in((State.RUNNING, State.LATE)) if worker.rate > 0 and worker.total_rows]
        return max(((worker.total_rows or 0) - worker.rows) / worker.rate for worker in moving) if moving else None

    @property
    def over(self) -> bool:
        """Whether every worker has ended or is gone."""
        return bool(self.workers) and all(worker.state.over for worker in self.workers.values())

    def counts(self) -> dict[State, int]:
        """How many workers are in each state that any is in."""
        states = [worker.state for worker in self.workers.values()]
        return {state: states.count(state) for state in State if state in states}

    def results(self) -> list[WorkerResult]:
        """What the ended workers reported."""
        return [worker.result for worker in self.workers.values() if worker.result is not None]

    def missing(self) -> dict[str, str]:
        """The workers that left no result, with what was seen of them last."""
        return {
            worker.id: f"it ended without a result, after {worker.rows:,} rows"
            for worker in self.workers.values()
            if worker.result is None
        }

    def _in(self, states: Iterable[State]) -> list[Worker]:
        return [worker for worker in self.workers.values() if worker.state in states]
