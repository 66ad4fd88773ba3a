"""The fleet where there is no terminal: a line now and then, and one for each worker whose state changes."""

from collections.abc import Callable, Sequence
from typing import Self

from aggregate.live.fleet import Fleet, State, Worker
from aggregate.render import formatting

EVERY_SECONDS = 5.0


class Lines:
    """Plain lines, for a log."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._next = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        """Nothing to put back."""

    def show(self, fleet: Fleet, changes: Sequence[tuple[Worker, State]], elapsed: float) -> None:
        """Write what changed, and every few seconds how far the fleet is."""
        for worker, before in changes:
            error = f": {worker.error}" if worker.error else ""
            self._write(f"{worker.id}: {before} -> {worker.state}, {formatting.count(worker.rows)} rows{error}")
        if elapsed >= self._next or fleet.over:
            self._next = elapsed + EVERY_SECONDS
            left = fleet.seconds_left
            remaining = f", {formatting.duration(left * 1000)} left" if left is not None else ""
            rows = f"{formatting.count(fleet.rows)} of {formatting.count(fleet.total_rows)} rows"
            states = ", ".join(f"{count:,} {state}" for state, count in fleet.counts().items())
            self._write(
                f"{formatting.duration(elapsed * 1000)}: {rows}, {formatting.rate(fleet.rate)} rows/sec{remaining} ({states})"
            )
