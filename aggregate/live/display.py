"""Display a fleet in progress: on a terminal as a live table, elsewhere as plain lines."""

from collections.abc import Callable, Sequence
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
"""Lines of the display that are not workers."""
_PROGRESS_SECONDS = 5.0
_WIDE = 104
"""From this number of columns on, there is room for the rows of each worker."""


class Screen:
    """A table with a progress bar per worker, the fleet's rate as a sparkline, the time left and the last errors."""

    def __init__(self, console: Console, title: str) -> None:
        self._title = title
        self._console = console
        self._errors: dict[str, str] = {}
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(self, *reason: object) -> None:
        self._live.stop()

    def show(self, fleet: Fleet, changes: Sequence[tuple[Worker, State]], elapsed: float) -> None:
        """Draw the fleet's current state."""
        for worker, _ in changes:
            # A worker that was started again has no error any more.
            self._errors.pop(worker.id, None)
            if worker.state in (State.FAILED, State.LOST):
                self._errors[worker.id] = f"{worker.id}: {worker.state}{f': {worker.error}' if worker.error else ''}"
        self._live.update(self.draw(fleet, elapsed), refresh=True)

    def draw(self, fleet: Fleet, elapsed: float) -> Group:
        """Return the whole display, no higher than the terminal."""
        room = max(3, self._console.height - _OTHER_LINES)
        shown = sorted(fleet.workers.values(), key=lambda worker: _URGENCY.index(worker.state))[:room]
        order = list(fleet.workers)
        table = _table(sorted(shown, key=lambda worker: order.index(worker.id)), narrow=self._console.width < _WIDE)
        hidden = len(fleet.workers) - len(shown)
        more = [Text(f"  and {hidden:,} more workers", style="dim")] if hidden else []
        errors = [Text(formatting.cell(line), style="red") for line in list(self._errors.values())[-_ERRORS_SHOWN:]]
        return Group(
            Text(f"{formatting.cell(self._title)}  {formatting.duration(elapsed * 1000)}", style="bold"),
            table,
            *more,
            _totals(fleet),
            *errors,
        )


class PlainOutput:
    """Lines for a log: each change of a worker's state, and the fleet's progress every few seconds."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._next = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        """Do nothing: plain lines leave no terminal state to restore."""

    def show(self, fleet: Fleet, changes: Sequence[tuple[Worker, State]], elapsed: float) -> None:
        """Write the changes, and the fleet's progress if it is due."""
        for worker, before in changes:
            error = f": {worker.error}" if worker.error else ""
            change = f"{formatting.cell(worker.id)}: {before} -> {worker.state}"
            self._write(formatting.line(f"{change}, {formatting.count(worker.rows)} rows{error}"))
        if elapsed >= self._next or fleet.over:
            self._next = elapsed + _PROGRESS_SECONDS
            time, rate = formatting.duration(elapsed * 1000), formatting.rate(fleet.rate)
            self._write(f"{time}: {_progress(fleet)}, {rate} rows/sec{_time_left(fleet, ', ')} ({_states(fleet)})")


def sparkline(values: Sequence[float]) -> str:
    """Return one block per value, with a height relative to the largest value."""
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
        bar = ProgressBar(total=worker.total_rows or 1, completed=worker.done, width=10 if narrow else 20)
        p99 = formatting.milliseconds(worker.p99_ms) if worker.p99_ms is not None else "-"
        state = Text(formatting.cell(_state(worker)), style=_STYLES[worker.state])
        table.add_row(
            Text(formatting.cell(worker.id)),
            bar,
            _rows(worker, narrow=narrow),
            formatting.rate(worker.rate),
            p99,
            _memory(worker),
            state,
        )
    return table


def _rows(worker: Worker, *, narrow: bool) -> str:
    if not worker.total_rows:
        return formatting.NONE
    if narrow:
        return f"{100 * worker.done // worker.total_rows}%"
    return f"{formatting.count(worker.done)} of {formatting.count(worker.total_rows)}"


def _state(worker: Worker) -> str:
    if worker.state is not State.RUNNING:
        return worker.state.value
    return {"": "starting", "load": "running"}.get(worker.phase, worker.phase)


def _memory(worker: Worker) -> str:
    if worker.memory_mb is None:
        return "-"
    limit = f" of {worker.memory_limit_mb:,.0f}" if worker.memory_limit_mb else ""
    return f"{worker.memory_mb:,.0f}{limit} MiB"


def _totals(fleet: Fleet) -> Text:
    rate = f"{sparkline(fleet.rates)}  {formatting.rate(fleet.rate)} rows/sec"
    return Text(f"{rate}\n{_progress(fleet)}{_time_left(fleet, '  ')}  {_states(fleet)}")


def _progress(fleet: Fleet) -> str:
    """Return `5 of 10 rows`, and in a run that verifies what it loads, how many were compared."""
    rows = f"{formatting.count(fleet.rows)} of {formatting.count(fleet.total_rows)} rows"
    return rows if not fleet.compared else f"{rows} loaded, {formatting.count(fleet.compared)} compared"


def _time_left(fleet: Fleet, separator: str) -> str:
    """Return the time until the end, or until the end of loading if the rows are compared later."""
    left = fleet.seconds_left
    if left is None:
        return ""
    return f"{separator}{formatting.duration(left * 1000)} left{' of loading' if fleet.loads else ''}"


def _states(fleet: Fleet) -> str:
    return ", ".join(f"{count:,} {state}" for state, count in fleet.counts().items())
