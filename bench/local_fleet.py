"""Run a plan on the local platform without a Pulumi engine, with the product's own workers, limits and report."""

from collections.abc import Callable
from pathlib import Path

from aggregate import totals
from aggregate.collect import Collected
from aggregate.report import Report
from core.plan import LoadPlan
from core.process import CONNECTION_VARIABLE
from infra.fleet.orchestrator import run_fleet
from infra.platforms.local.runner import LocalHandles, LocalRunner
from infra.platforms.local.workspace import WorkspacePaths

PROJECT = Path(__file__).resolve().parents[1]


def run_on_local_fleet(plan: LoadPlan, server: str, folder: Path, wanted: Callable[[], bool] = lambda: True) -> Report:
    """Run a plan against the server of a connection string, in a temporary folder, and return its report.

    `wanted` is called a few times per second; the run stops when it returns false. Raises RuntimeError if the run did not
    begin.
    """
    folder.mkdir()
    runner = LocalRunner(LocalHandles(folder=folder, project=PROJECT), plan, {CONNECTION_VARIABLE: server})
    try:
        outcome = run_fleet(plan, runner, wanted)
    finally:
        WorkspacePaths(folder).clear()
    if outcome.error is not None:
        raise RuntimeError(f"the run did not begin: {outcome.error}")
    return totals.report(Collected(tuple(outcome.results), plan, platform="local"))
