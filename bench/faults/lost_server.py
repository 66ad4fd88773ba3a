"""Kill the server or cut its network at a random moment of the load. Workers may fail or wait; finally all rows must exist."""

import random
from collections.abc import Callable, Iterator

from bench.faults.fleet import Fleet
from bench.faults.plans import plan_of
from bench.faults.target import ServerTarget
from bench.faults.timing import bytes_per_worker, wait_until
from bench.faults.trial import Disturbance, Moment, Verdict, problems_of_run, run
from testkit.serving import Served

CUT_SECONDS = 5.0
DURABLE = {
    "postgresql": ("-c", "synchronous_commit=on"),
    "mysql": ("--innodb-flush-log-at-trx-commit=1", "--innodb-doublewrite=ON"),
}
"""Arguments that make a server durable. The other servers are durable with their own settings."""
_FIRST = "worker-1"
"""The worker whose progress decides the moment. All workers load at the same time."""

_MOST_RUNS = 20
"""The most runs, as in `bench.faults.killed_worker`."""

Loss = Callable[[Served], None]


def killed(served: Served) -> None:
    """Kill the server and start it again."""
    served.kill()
    served.start()


def cut_off(served: Served) -> None:
    """Disconnect the server from its network for five seconds."""
    served.cut_network(CUT_SECONDS)


def lost_server(
    target: ServerTarget, image: str, trials: int, rng: random.Random, share: float, lose: Loss
) -> Iterator[Verdict]:
    """Run `trials` runs that each lose the server once; repeat a run if no worker was loading at that moment."""
    plan = plan_of(target.source, share)
    whole = bytes_per_worker(plan, target, image)[_FIRST]
    done = 0
    for _ in range(_MOST_RUNS):
        if done == trials:
            return
        trial = run(plan, target, image, _losing(target, whole, rng.random(), lose))
        (moment,) = trial.moments
        if moment.loading:
            done += 1
            attempts = sorted(result.attempt for result in trial.outcome.results)
            yield Verdict(
                tuple(problems_of_run(trial, plan, target)), moment.of_load, moment.rows_there, f"attempts {attempts}"
            )


def _losing(target: ServerTarget, whole: int, of_load: float, lose: Loss) -> Disturbance:
    def disturb(workers: Fleet) -> tuple[Moment, ...]:
        wait_until(workers, _FIRST, whole * of_load)
        there = sum(map(len, target.keys(workers.plan.tables).values()))
        lose(target.served)
        return (Moment(_FIRST, round(of_load, 3), there, 0 < there < workers.plan.rows),)

    return disturb
