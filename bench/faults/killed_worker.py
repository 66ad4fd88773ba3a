"""`docker kill` of a worker at a random moment of its load: the program starts it again, and it ends with its rows."""

import random
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from bench.faults.fleet import Fleet
from bench.faults.moments import bytes_of, hold, wait_until
from bench.faults.place import Place
from bench.faults.plans import plan_of
from bench.faults.trial import Disturbance, Moment, Trial, not_whole, rows_there, run, share_of
from bench.faults.verdict import Verdict

_MOST_WORKERS = 4
"""Of a run."""
_MOST_RUNS = 20
"""Of a machine so busy that its kills come when loads are over, fewer moments than were wanted are told of."""


def killed_workers(place: Place, image: str, moments: int, rng: random.Random, share: float = 1.0) -> Iterator[Verdict]:
    """So many moments, each worker of a run at one of its own; one at which its worker was not loading does not count."""
    plan = plan_of(place.source, share, workers=min(moments + 1, _MOST_WORKERS))
    whole = bytes_of(plan, place, image)
    done = 0
    for _ in range(_MOST_RUNS):
        if done == moments:
            return
        drawn = {worker.id: rng.random() for worker in plan.workers}
        trial = run(plan, place, image, _killing(drawn, whole, place))
        landed = [moment for moment in trial.moments if moment.loading][: moments - done]
        wrong = tuple(not_whole(trial, plan, place))
        done += len(landed)
        for moment in landed:
            yield Verdict((*wrong, *_not_restarted(trial, moment)), moment.of_load, moment.rows_there)


def _killing(drawn: Mapping[str, float], whole: Mapping[str, int], place: Place) -> Disturbance:
    def kill_all(workers: Fleet) -> tuple[Moment, ...]:
        def kill(worker: str) -> Moment:
            hold(wait_until(workers, worker, whole[worker] * drawn[worker]))
            killed = workers.kill(worker)
            there, told = rows_there(workers.plan, worker, place), workers.progress(worker)
            begun = there > 0 or (told is not None and told.phase == "load")
            loading = killed and begun and there < share_of(workers.plan, worker).rows
            return Moment(worker, round(drawn[worker], 3), there, loading)

        with ThreadPoolExecutor(len(drawn)) as pool:
            return tuple(pool.map(kill, drawn))

    return kill_all


def _not_restarted(trial: Trial, moment: Moment) -> Iterator[str]:
    attempt = trial.result(moment.worker).attempt
    if attempt != 2:
        yield f"{moment.worker}: ended in attempt {attempt}, and was killed in its first"
