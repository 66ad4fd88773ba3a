"""The fleet on a terminal: a bar a worker, the fleet's rate as a sparkline, what is left, errors as they come."""

from collections import deque
from collections.abc import Sequence
from typing import Self

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from aggregate.live.fleet import Fleet, State, Worker
from aggregate.render import formatting

_BLOCKS = "▁▂▃▄▅▆▇█"
_STYLES = {
    State.WAITING: "dim",
    State.RUNNING: "cyan",
    State.LATE: "yellow",
    State.DONE: "green",
    State.FAILED: "bold red",
    State.LOST: "bold red",
}
_URGENCY = (State.LOST, State.FAILED, State.LATE, State.RUNNING, State.WAITING, State.DONE)
_ERRORS_SHOWN = 5
_OTHER_LINES = 13
_WIDE = 104
"""Columns from which on there is room for rows of rows."""


class Screen:
    """A live display; leaves its last state on the terminal when it closes."""

    def __init__(self, console: Console, title: str) -> None:
        self._title = title
        self._console = console
        self._errors: deque[str] = deque(maxlen=_ERRORS_SHOWN)
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(self, *reason: object) -> None:
        self._live.stop()

    def show(self, fleet: Fleet, changes: Sequence[tuple[Worker, State]], elapsed: float) -> None:
        """Draw the fleet as it stands."""
        self._errors.extend(
            f"{worker.id}: {worker.state}{f': {worker.error}' if worker.error else ''}"
            for worker, _ in changes
            if worker.state in (State.FAILED, State.LOST)
        )
        self._live.update(self.draw(fleet, elapsed), refresh=True)

    def draw(self, fleet: Fleet, elapsed: float) -> Group:
        """The whole picture, no higher than the terminal."""
        room = max(3, self._console.height - _OTHER_LINES)
        shown = sorted(fleet.workers.values(), key=lambda worker: _URGENCY.index(worker.state))[:room]
        order = list(fleet.workers)
        table = _table(sorted(shown, key=lambda worker: order.index(worker.id)), narrow=self._console.width < _WIDE)
        hidden = len(fleet.workers) - len(shown)
        more = [Text(f"  and {hidden:,} more workers", style="dim")] if hidden else []
        errors = [Text(line, style="red") for line in self._errors]
        return Group(
            Text(f"{self._title}  {formatting.duration(elapsed * 1000)}", style="bold"),
            table,
            *more,
            _sum(fleet),
            *errors,
        )


def sparkline(values: Sequence[float]) -> str:
    """One block a value, as high as it is beside the largest."""
    top = max(values, default=0.0)
    if top <= 0:
        return _BLOCKS[0] * len(values)
    return "".join(_BLOCKS[min(int(value / top * len(_BLOCKS)), len(_BLOCKS) - 1)] for value in values)


def _table(workers: Sequence[Worker], *, narrow: bool) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for name in ("Worker", "", "Rows", "Rows/sec", "p99", "Memory", "State"):
        right = name in ("Rows", "Rows/sec", "p99", "Memory")
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    for worker in workers:
        bar = ProgressBar(total=worker.total_rows or 1, completed=worker.rows, width=10 if narrow else 20)
        p99 = formatting.milliseconds(worker.p99_ms) if worker.p99_ms is not None else "-"
        state = Text(_state(worker), style=_STYLES[worker.state])
        table.add_row(
            worker.id, bar, _rows(worker, narrow=narrow), formatting.rate(worker.rate), p99, _memory(worker), state
        )
    return table


def _rows(worker: Worker, *, narrow: bool) -> str:
    if not worker.total_rows:
        return formatting.NONE
    if narrow:
        return f"{100 * worker.rows // worker.total_rows}%"
    return f"{formatting.count(worker.rows)} of {formatting.count(worker.total_rows)}"


def _state(worker: Worker) -> str:
    return worker.phase if worker.state is State.RUNNING and worker.phase not in ("", "load") else worker.state.value


def _memory(worker: Worker) -> str:
    if worker.memory_mb is None:
        return "-"
    limit = f" of {worker.memory_limit_mb:,.0f}" if worker.memory_limit_mb else ""
    return f"{worker.memory_mb:,.0f}{limit} MiB"


def _sum(fleet: Fleet) -> Text:
    left = fleet.seconds_left
    states = ", ".join(f"{count:,} {state}" for state, count in fleet.counts().items())
    rows = f"{formatting.count(fleet.rows)} of {formatting.count(fleet.total_rows)} rows"
    remaining = f"  {formatting.duration(left * 1000)} left" if left is not None else ""
    return Text(f"{sparkline(fleet.rates)}  {formatting.rate(fleet.rate)} rows/sec\n{rows}{remaining}  {states}")
