"""A disk takes no more: the files' RAM disk, or the server's. The run ends, says what to do, and counts what was taken."""

from collections.abc import Iterator

from bench.faults.place import FilePlace, Place, ServerPlace
from bench.faults.plans import plan_of
from bench.faults.trial import Trial, run
from bench.faults.verdict import Verdict
from core.errors import ExitCode
from core.output.manifest import PARTIAL
from core.plan import LoadPlan
from core.results import ExitReason, WorkerResult

_BATCH_ROWS = 2_000


def full_disk(place: Place, image: str, share: float) -> Verdict:
    """A run of more rows than the place has room for."""
    plan = plan_of(place.source, share, workers=2, retries=0, batch_size=_BATCH_ROWS)
    trial = run(plan, place, image)
    said = sorted({error for result in trial.outcome.results for error in result.errors})
    acknowledged = sum(result.metrics.rows_processed for result in trial.outcome.results)
    return Verdict(tuple(_wrong(trial, plan, place)), rows_there=acknowledged, said=" / ".join(said))


def _wrong(trial: Trial, plan: LoadPlan, place: Place) -> Iterator[str]:
    failed = [result for result in trial.outcome.results if not result.success]
    if not failed:
        yield f"no worker failed: {plan.rows} rows had room"
    if not any(result.metrics.rows_processed for result in failed):
        yield "no row was acknowledged before"
    for result in failed:
        yield from _untold(result, place)
    if isinstance(place, FilePlace):
        finished = [path for path in place.files() if f"/{PARTIAL}/" not in path]
        if finished:
            yield f"files that look whole: {finished}"


def _untold(result: WorkerResult, place: Place) -> Iterator[str]:
    who = result.worker_id
    if (result.exit_reason, result.exit_code) != (ExitReason.FAILED, ExitCode.FAILED):
        yield f"{who}: {result.exit_reason}, exit code {result.exit_code}"
    if result.environment is None:
        yield f"{who}: wrote no result of its own"
    if len(result.errors) != 1 or "\n" in result.errors[0]:
        yield f"{who}: says it in {len(result.errors)} errors"
    where, remedy = (
        (str(place.served.connection), "disk") if isinstance(place, ServerPlace) else ("/", "give it more room")
    )
    yield from (
        f"{who}: does not say {word!r}: {result.errors}" for word in (where, remedy) if word not in str(result.errors)
    )
