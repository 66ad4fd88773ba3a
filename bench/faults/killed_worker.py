"""Kill a worker at a random moment of its load. The run must restart it and end with exactly its rows."""

import random
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from bench.faults.fleet import Fleet
from bench.faults.plans import plan_of
from bench.faults.target import Target
from bench.faults.timing import bytes_per_worker, pause, wait_until
from bench.faults.trial import Disturbance, Moment, Trial, Verdict, problems_of_run, rows_there, run, share_of

_MOST_WORKERS = 4
"""The most workers of a run."""
_MOST_RUNS = 20
"""The most runs. On a very busy machine kills come after the load, and there are fewer verdicts than requested."""


def killed_workers(
    target: Target, image: str, moments: int, rng: random.Random, share: float = 1.0
) -> Iterator[Verdict]:
    """Kill each worker of each run at its own moment, until `moments` kills have hit a worker that was loading."""
    plan = plan_of(target.source, share, workers=min(moments + 1, _MOST_WORKERS))
    whole = bytes_per_worker(plan, target, image)
    done = 0
    for _ in range(_MOST_RUNS):
        if done == moments:
            return
        drawn = {worker.id: rng.random() for worker in plan.workers}
        trial = run(plan, target, image, _killing(drawn, whole, target))
        landed = [moment for moment in trial.moments if moment.loading][: moments - done]
        wrong = tuple(problems_of_run(trial, plan, target))
        done += len(landed)
        for moment in landed:
            yield Verdict((*wrong, *_not_restarted(trial, moment)), moment.of_load, moment.rows_there)


def _killing(drawn: Mapping[str, float], whole: Mapping[str, int], target: Target) -> Disturbance:
    def kill_all(workers: Fleet) -> tuple[Moment, ...]:
        def kill(worker: str) -> Moment:
            pause(wait_until(workers, worker, whole[worker] * drawn[worker]))
            killed = workers.kill(worker)
            there, progress = rows_there(workers.plan, worker, target), workers.progress(worker)
            begun = there > 0 or (progress is not None and progress.phase == "load")
            loading = killed and begun and there < share_of(workers.plan, worker).rows
            return Moment(worker, round(drawn[worker], 3), there, loading)

        with ThreadPoolExecutor(len(drawn)) as pool:
            return tuple(pool.map(kill, drawn))

    return kill_all


def _not_restarted(trial: Trial, moment: Moment) -> Iterator[str]:
    attempt = trial.result(moment.worker).attempt
    if attempt != 2:
        yield f"{moment.worker}: ended in attempt {attempt}, and was killed in its first"
