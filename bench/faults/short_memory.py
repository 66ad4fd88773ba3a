"""A worker with too little memory is killed by the kernel, and the report says so; with enough its rows are there."""

import time
from collections.abc import Iterator

from bench.faults.place import Place
from bench.faults.plans import plan_of
from bench.faults.trial import not_whole, run
from bench.faults.verdict import Verdict
from core.results import ExitReason
from core.units import MIB

TOO_LITTLE = 72 * MIB


def short_memory(place: Place, image: str, trials: int, share: float) -> Iterator[Verdict]:
    """So many runs with too little, each with one behind it that has enough."""
    short = plan_of(place.source, share, workers=2, memory=TOO_LITTLE, retries=0)
    enough = plan_of(place.source, share, workers=2, retries=0)
    for _ in range(trials):
        started = time.monotonic()
        killed = run(short, place, image).outcome.results
        seconds = time.monotonic() - started
        wrong = [
            f"{result.worker_id}: {result.exit_reason}, {result.errors}"
            for result in killed
            if result.exit_reason is not ExitReason.OOM_KILLED or "memory limit of" not in str(result.errors)
        ]
        if seconds > short.timeout_seconds:
            wrong.append(f"it took {seconds:.0f} s")
        again = run(enough, place, image)
        said = " / ".join(sorted({error for result in killed for error in result.errors}))
        yield Verdict((*wrong, *not_whole(again, enough, place)), said=said)
