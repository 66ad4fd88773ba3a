"""One run of a fleet while something happens to it, and what is wrong afterwards, if anything is."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bench.faults.fleet import Fleet, fleet
from bench.faults.place import Place
from bench.faults.plans import keys_of
from core.plan import LoadPlan, WorkerPlan
from core.results import WorkerResult
from infra.fleet.orchestrator import Outcome, conduct


@dataclass(frozen=True)
class Moment:
    """When it happened to a worker."""

    worker: str
    of_load: float
    """The part of the worker's load that was to be over, as drawn."""
    rows_there: int
    """How many of the worker's rows another client found right after it."""
    loading: bool = True
    """Whether the worker was loading: it had begun, and not come to its last row or to its verification."""


@dataclass(frozen=True)
class Trial:
    """What a run came to."""

    outcome: Outcome
    moments: tuple[Moment, ...]

    def result(self, worker: str) -> WorkerResult:
        """What a worker came to."""
        return next(result for result in self.outcome.results if result.worker_id == worker)


Disturbance = Callable[[Fleet], tuple[Moment, ...]]
"""Waits for its moments in a run that has been begun, and does what it does to it."""


def nothing(_: Fleet) -> tuple[Moment, ...]:
    """No disturbance."""
    return ()


def run(plan: LoadPlan, place: Place, image: str, disturbance: Disturbance = nothing) -> Trial:
    """Conduct the plan as the program does, with the disturbance beside it."""
    with fleet(plan, place, image) as workers, ThreadPoolExecutor(1) as beside:
        disturbing = beside.submit(disturbance, workers)
        outcome = conduct(plan, workers.runner, wanted=lambda: True)
        if outcome.error is not None:
            raise RuntimeError(f"the run did not begin: {outcome.error}")
        return Trial(outcome, disturbing.result())


def share_of(plan: LoadPlan, worker: str) -> WorkerPlan:
    """What one worker is to load."""
    return next(planned for planned in plan.workers if planned.id == worker)


def rows_there(plan: LoadPlan, worker: str, place: Place) -> int:
    """How many of a worker's rows are there now."""
    shards = share_of(plan, worker).shards
    found = place.keys([shard.table for shard in shards])
    return sum(len(keys_of(plan, shard).intersection(found[shard.table])) for shard in shards)


def not_whole(trial: Trial, plan: LoadPlan, place: Place) -> Iterator[str]:
    """What is missing from a run that is to have ended with exactly its rows, by the workers and by another client."""
    for result in trial.outcome.results:
        if not result.success:
            yield f"{result.worker_id}: {result.exit_reason}, {' '.join(result.errors)}"
        found = result.verification_report
        if found is None:
            yield f"{result.worker_id}: verified nothing"
        elif found.total_matched != found.total_expected or found.total_found != found.total_expected:
            yield f"{result.worker_id}: {found.model_dump(exclude={'tables'})}"
    for table, keys in place.keys(plan.tables).items():
        if (len(keys), len(set(keys))) != (plan.row_count, plan.row_count):
            yield f"{table}: {len(keys)} rows with {len(set(keys))} keys, {plan.row_count} planned"
