"""Runs of the local platform's fleet without an engine: the workers, their limits and their report are the program's own."""

from collections.abc import Callable
from pathlib import Path

from aggregate import totals
from aggregate.collect import Collected
from aggregate.report import Report
from core.plan import LoadPlan
from infra.fleet.orchestrator import conduct
from infra.platforms.base import CONNECTION_VARIABLE
from infra.platforms.local.runner import LocalHandles, LocalRunner
from infra.platforms.local.workspace import WorkspacePaths

PROJECT = Path(__file__).resolve().parents[1]


def local_run(plan: LoadPlan, server: str, folder: Path, wanted: Callable[[], bool] = lambda: True) -> Report:
    """Conduct a plan against the server of a connection string, in a folder that goes afterwards; what it came to.

    `wanted` is asked a few times a second whether the run is still to go on. Raises RuntimeError where the run did not begin.
    """
    folder.mkdir()
    runner = LocalRunner(LocalHandles(folder=folder, project=PROJECT), plan, {CONNECTION_VARIABLE: server})
    try:
        outcome = conduct(plan, runner, wanted)
    finally:
        WorkspacePaths(folder).clear()
    if outcome.error is not None:
        raise RuntimeError(f"the run did not begin: {outcome.error}")
    return totals.report(Collected(tuple(outcome.results), plan, platform="local"))
