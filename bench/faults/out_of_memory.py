"""Run workers with too little memory. The kernel must kill them, and the report must name the reason."""

import time
from collections.abc import Iterator

from bench.faults.plans import plan_of
from bench.faults.target import Target
from bench.faults.trial import Verdict, problems_of_run, run
from core.results import ExitReason
from core.units import MIB

TOO_LITTLE = 72 * MIB


def out_of_memory(target: Target, image: str, trials: int, share: float) -> Iterator[Verdict]:
    """Run `trials` runs with too little memory, each followed by one with enough, which must load all rows."""
    short = plan_of(target.source, share, workers=2, memory=TOO_LITTLE, retries=0)
    # One may be killed before it is ready to load, and the other must still be killed by its own load.
    short = short.model_copy(update={"allow_fewer_workers": True})
    enough = plan_of(target.source, share, workers=2, retries=0)
    for _ in range(trials):
        started = time.monotonic()
        killed = run(short, target, image).outcome.results
        seconds = time.monotonic() - started
        wrong = [
            f"{result.worker_id}: {result.exit_reason}, {result.errors}"
            for result in killed
            if result.exit_reason is not ExitReason.OOM_KILLED or "memory limit of" not in str(result.errors)
        ]
        if seconds > short.timeout_seconds:
            wrong.append(f"it took {seconds:.0f} s")
        again = run(enough, target, image)
        errors = " / ".join(sorted({error for result in killed for error in result.errors}))
        yield Verdict((*wrong, *problems_of_run(again, enough, target)), errors=errors)
