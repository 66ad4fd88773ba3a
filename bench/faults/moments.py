"""Moments of a load, by the clock of the bytes that the worker has sent.

How far a load is after so many seconds depends on what else the machine does, and a worker's start takes more processor
time now than then; its bytes are the same in every run.
"""

import os
import signal
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from bench.faults.fleet import Fleet
from bench.faults.place import Place
from bench.faults.trial import Moment, run
from core.plan import LoadPlan, Operation

_SAMPLE_SECONDS = 0.005
_SENT = 8
"""Bytes sent: its place among the figures of an interface in /proc/PID/net/dev."""


def bytes_of(plan: LoadPlan, place: Place, image: str) -> Mapping[str, int]:
    """What each worker sends in a run to which nothing happens; raises RuntimeError where one fails all the same."""
    sent: dict[str, int] = {}

    def watch(workers: Fleet) -> tuple[Moment, ...]:
        def last(worker: str) -> tuple[str, int]:
            process, known = workers.process(worker), 0
            while (now := bytes_sent(process)) is not None:
                known = now
                time.sleep(_SAMPLE_SECONDS)
            return worker, known

        with ThreadPoolExecutor(len(plan.workers)) as pool:
            sent.update(pool.map(last, [worker.id for worker in plan.workers]))
        return ()

    trial = run(plan.model_copy(update={"operation": Operation.POPULATE}), place, image, watch)
    for result in trial.outcome.results:
        if not result.success:
            raise RuntimeError(f"{result.worker_id} failed, and nothing had been done to it: {result.errors}")
    return sent


def wait_until(workers: Fleet, worker: str, wanted: float) -> int:
    """Until a worker has sent so many bytes, or has ended; its process."""
    process = workers.process(worker)
    while (now := bytes_sent(process)) is not None and now < wanted:
        time.sleep(_SAMPLE_SECONDS)
    return process


def hold(process: int) -> None:
    """Stop a worker where it is, if it still is: `docker kill` takes as long as a good part of a load."""
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGSTOP)


def bytes_sent(process: int) -> int | None:
    """Into files, and by the network of its container; None once the process has ended."""
    folder = Path(f"/proc/{process}")
    try:
        figures = (folder / "io").read_text().split()
        interfaces = (folder / "net" / "dev").read_text().splitlines()[2:]
    except OSError:  # it is gone, or going
        return None
    written = int(figures[figures.index("wchar:") + 1])
    return written + sum(int(line.partition(":")[2].split()[_SENT]) for line in interfaces if "lo:" not in line)
