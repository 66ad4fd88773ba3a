"""Find moments of a load by the bytes that the worker has sent.

Bytes identify a moment best: the progress after some seconds depends on the load of the machine, and the CPU time of a
worker's start varies, but the bytes are the same in every run.
"""

import os
import signal
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from bench.faults.fleet import Fleet
from bench.faults.target import Target
from bench.faults.trial import Moment, run
from core.options import Operation
from core.plan import LoadPlan

_SAMPLE_SECONDS = 0.005
_SENT = 8
"""The column of sent bytes for an interface in /proc/PID/net/dev."""


def bytes_per_worker(plan: LoadPlan, target: Target, image: str) -> Mapping[str, int]:
    """Return the bytes that each worker sends in an undisturbed run; raise RuntimeError if a worker fails."""
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

    trial = run(plan.model_copy(update={"operation": Operation.POPULATE}), target, image, watch)
    for result in trial.outcome.results:
        if not result.success:
            raise RuntimeError(f"{result.worker_id} failed in a run without a fault: {result.errors}")
    return sent


def wait_until(workers: Fleet, worker: str, wanted: float) -> int:
    """Wait until a worker has sent this many bytes or has ended, and return its process id."""
    process = workers.process(worker)
    while (now := bytes_sent(process)) is not None and now < wanted:
        time.sleep(_SAMPLE_SECONDS)
    return process


def pause(process: int) -> None:
    """Pause a worker if it still runs, because `docker kill` takes as long as a good part of a load."""
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGSTOP)


def bytes_sent(process: int) -> int | None:
    """Return the bytes written to files and to the container's network, or None if the process has ended."""
    folder = Path(f"/proc/{process}")
    try:
        figures = (folder / "io").read_text().split()
        interfaces = (folder / "net" / "dev").read_text().splitlines()[2:]
    except OSError:  # It has ended or is about to end.
        return None
    written = int(figures[figures.index("wchar:") + 1])
    return written + sum(int(line.partition(":")[2].split()[_SENT]) for line in interfaces if "lo:" not in line)
