"""The server is gone for a while at a random moment of the load: workers fail or wait, and all rows are there in the end."""

import random
from collections.abc import Callable, Iterator

from bench.faults.fleet import Fleet
from bench.faults.moments import bytes_of, wait_until
from bench.faults.place import ServerPlace
from bench.faults.plans import plan_of
from bench.faults.trial import Disturbance, Moment, not_whole, run
from bench.faults.verdict import Verdict
from testkit.serving import Served

CUT_SECONDS = 5.0
DURABLE = {
    "postgresql": ("-c", "synchronous_commit=on"),
    "mysql": ("--innodb-flush-log-at-trx-commit=1", "--innodb-doublewrite=ON"),
}
"""Settings of servers that lose nothing that they acknowledged; the others' own settings do."""
_FIRST = "worker-1"
"""The moment is one of this worker's load: all of them load at once."""

_MOST_RUNS = 20
"""As in `bench.faults.killed_worker`."""

Loss = Callable[[Served], None]


def killed(served: Served) -> None:
    """`docker kill`, and a start."""
    served.kill()
    served.start()


def cut_off(served: Served) -> None:
    """Off its network for five seconds."""
    served.cut_network(CUT_SECONDS)


def lost_server(
    place: ServerPlace, image: str, trials: int, rng: random.Random, share: float, lose: Loss
) -> Iterator[Verdict]:
    """So many runs, each of which loses its server once; a moment at which nothing was loading is drawn again."""
    plan = plan_of(place.source, share)
    whole = bytes_of(plan, place, image)[_FIRST]
    done = 0
    for _ in range(_MOST_RUNS):
        if done == trials:
            return
        trial = run(plan, place, image, _losing(place, whole, rng.random(), lose))
        (moment,) = trial.moments
        if moment.loading:
            done += 1
            attempts = sorted(result.attempt for result in trial.outcome.results)
            yield Verdict(
                tuple(not_whole(trial, plan, place)), moment.of_load, moment.rows_there, f"attempts {attempts}"
            )


def _losing(place: ServerPlace, whole: int, of_load: float, lose: Loss) -> Disturbance:
    def disturb(workers: Fleet) -> tuple[Moment, ...]:
        wait_until(workers, _FIRST, whole * of_load)
        there = sum(map(len, place.keys(workers.plan.tables).values()))
        lose(place.served)
        return (Moment(_FIRST, round(of_load, 3), there, 0 < there < workers.plan.rows),)

    return disturb
