"""Fill the disk of the files or of the server. The run must fail, report a remedy, and count the acknowledged rows."""

from collections.abc import Iterator

from bench.faults.plans import plan_of
from bench.faults.target import FileTarget, ServerTarget, Target
from bench.faults.trial import Trial, Verdict, run
from core.errors import ExitCode
from core.output.manifest import PARTIAL
from core.plan import LoadPlan
from core.results import ExitReason, WorkerResult

_BATCH_ROWS = 2_000


def full_disk(target: Target, image: str, share: float) -> Verdict:
    """Run a plan with more rows than the target has room for."""
    plan = plan_of(target.source, share, workers=2, retries=0, batch_size=_BATCH_ROWS)
    trial = run(plan, target, image)
    errors = sorted({error for result in trial.outcome.results for error in result.errors})
    acknowledged = sum(result.metrics.rows_processed for result in trial.outcome.results)
    return Verdict(tuple(_wrong(trial, plan, target)), rows_there=acknowledged, errors=" / ".join(errors))


def _wrong(trial: Trial, plan: LoadPlan, target: Target) -> Iterator[str]:
    failed = [result for result in trial.outcome.results if not result.success]
    if not failed:
        yield f"no worker failed: {plan.rows} rows had room"
    if not any(result.metrics.rows_processed for result in failed):
        yield "no row was acknowledged before"
    for result in failed:
        yield from _wrong_report(result, target)
    if isinstance(target, FileTarget):
        finished = [path for path in target.files() if f"/{PARTIAL}/" not in path]
        if finished:
            yield f"files that look complete: {finished}"


def _wrong_report(result: WorkerResult, target: Target) -> Iterator[str]:
    who = result.worker_id
    if (result.exit_reason, result.exit_code) != (ExitReason.FAILED, ExitCode.FAILED):
        yield f"{who}: {result.exit_reason}, exit code {result.exit_code}"
    if result.environment is None:
        yield f"{who}: wrote no result"
    if len(result.errors) != 1 or "\n" in result.errors[0]:
        yield f"{who}: {len(result.errors)} errors instead of one line"
    where, remedy = (
        (str(target.served.connection), "disk") if isinstance(target, ServerTarget) else ("/", "give it more room")
    )
    yield from (
        f"{who}: the error lacks {word!r}: {result.errors}"
        for word in (where, remedy)
        if word not in str(result.errors)
    )
