"""Moments of a load, by the clock of the worker's own processor time.

How far a load is after so many seconds depends on what else the machine does; after so much processor time it does not.
"""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.faults.fleet import Fleet
from bench.faults.place import Place
from bench.faults.trial import Moment, run
from spec.plan import LoadPlan, Operation
from spec.results import WorkerResult

_SAMPLE_SECONDS = 0.02
_TICKS_A_SECOND = 100
"""Of /proc, on every architecture that Docker is on."""
_USER, _SYSTEM = 11, 12
"""Fields of /proc/PID/stat behind the program's name."""


@dataclass(frozen=True)
class Window:
    """Processor time of a worker when it begins to load, and when it has loaded: seconds."""

    begin: float
    end: float

    def at(self, of_load: float) -> float:
        """The processor time at this part of the load."""
        return self.begin + of_load * (self.end - self.begin)


def windows_of(plan: LoadPlan, place: Place, image: str) -> Mapping[str, Window]:
    """By worker, of a run to which nothing happens; raises RuntimeError where a worker fails all the same."""
    windows: dict[str, Window] = {}

    def watch(workers: Fleet) -> tuple[Moment, ...]:
        def window(worker: str) -> tuple[str, Window]:
            process = workers.process(worker)
            workers.wait_for_word(worker)
            begin = processor_time(process) or 0.0
            workers.wait_for_last_row(worker)
            return worker, Window(begin, processor_time(process) or begin)

        with ThreadPoolExecutor(len(plan.workers)) as pool:
            windows.update(pool.map(window, [worker.id for worker in plan.workers]))
        return ()

    trial = run(plan.model_copy(update={"operation": Operation.POPULATE}), place, image, watch)
    for result in trial.outcome.results:
        if not result.success:
            raise RuntimeError(f"{result.worker_id} failed, and nothing had been done to it: {result.errors}")
        windows[result.worker_id] = _loading(windows[result.worker_id], result)
    return windows


def _loading(window: Window, result: WorkerResult) -> Window:
    """The end of a window, in which rows were sent: before it the worker connects and makes its first chunk of rows."""
    share = min((result.phases.send + result.phases.commit) / result.metrics.duration_ms, 1.0)
    return Window(window.end - share * (window.end - window.begin), window.end)


def wait_until(workers: Fleet, worker: str, window: Window, of_load: float) -> None:
    """Until a worker has had the processor time that this part of its load takes, or has ended."""
    process, wanted = workers.process(worker), window.at(of_load)
    while (now := processor_time(process)) is not None and now < wanted:
        time.sleep(_SAMPLE_SECONDS)


def processor_time(process: int) -> float | None:
    """Seconds, of all threads; None once the process has ended."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()
    if fields[0] == "Z":
        return None
    return (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICKS_A_SECOND
