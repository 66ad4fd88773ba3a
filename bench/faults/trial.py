"""Run a fleet with one fault, and list the problems afterwards."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bench.faults.fleet import Fleet, fleet
from bench.faults.plans import keys_of
from bench.faults.target import Target
from core.plan import LoadPlan, WorkerPlan
from core.results import WorkerResult
from infra.fleet.orchestrator import Outcome, run_fleet


@dataclass(frozen=True)
class Moment:
    """The moment of a disturbance of one worker."""

    worker: str
    of_load: float
    """The share of the worker's load after which it was due, as drawn."""
    rows_there: int
    """How many of the worker's rows another client found immediately afterwards."""
    loading: bool = True
    """Whether the worker had begun to load and had not yet loaded its last row."""


@dataclass(frozen=True)
class Trial:
    """The outcome of a run."""

    outcome: Outcome
    moments: tuple[Moment, ...]

    def result(self, worker: str) -> WorkerResult:
        """Return the result of a worker."""
        return next(result for result in self.outcome.results if result.worker_id == worker)


@dataclass(frozen=True)
class Verdict:
    """The problems of one trial, the moment of its fault, and the errors that the user reads."""

    wrong: tuple[str, ...] = ()
    """Problems; empty if the trial ended as expected."""
    of_load: float | None = None
    """The share of the load that was complete when the fault occurred."""
    rows_there: int | None = None
    """Rows that another client found right after the fault, of the worker concerned or of all."""
    errors: str = ""
    """The errors that the user reads."""


Disturbance = Callable[[Fleet], tuple[Moment, ...]]
"""A function that waits for its moments in a running fleet and then disturbs it."""


def nothing(_: Fleet) -> tuple[Moment, ...]:
    """Cause no fault."""
    return ()


def run(plan: LoadPlan, target: Target, image: str, disturbance: Disturbance = nothing) -> Trial:
    """Run the plan as the product does, with the disturbance in a second thread."""
    with fleet(plan, target, image) as workers, ThreadPoolExecutor(1) as pool:
        disturbing = pool.submit(disturbance, workers)
        outcome = run_fleet(plan, workers.runner, wanted=lambda: True)
        if outcome.error is not None and not outcome.results:
            raise RuntimeError(f"the run did not begin: {outcome.error}")
        return Trial(outcome, disturbing.result())


def share_of(plan: LoadPlan, worker: str) -> WorkerPlan:
    """Return the plan of one worker."""
    return next(planned for planned in plan.workers if planned.id == worker)


def rows_there(plan: LoadPlan, worker: str, target: Target) -> int:
    """Return how many of a worker's rows the source has now."""
    shards = share_of(plan, worker).shards
    found = target.keys([shard.table for shard in shards])
    return sum(len(keys_of(plan, shard).intersection(found[shard.table])) for shard in shards)


def problems_of_run(trial: Trial, plan: LoadPlan, target: Target) -> Iterator[str]:
    """Yield the problems of a run that must have loaded exactly its rows, as counted by workers and by another client."""
    for result in trial.outcome.results:
        if not result.success:
            yield f"{result.worker_id}: {result.exit_reason}, {' '.join(result.errors)}"
        found = result.verification_report
        if found is None:
            yield f"{result.worker_id}: verified nothing"
        elif found.total_matched != found.total_expected or found.total_found != found.total_expected:
            yield f"{result.worker_id}: {found.model_dump(exclude={'tables'})}"
    for table, keys in target.keys(plan.tables).items():
        if (len(keys), len(set(keys))) != (plan.row_count, plan.row_count):
            yield f"{table}: {len(keys)} rows with {len(set(keys))} keys, {plan.row_count} planned"
