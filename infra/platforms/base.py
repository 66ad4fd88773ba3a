"""What every platform is given and what it has to show: the same plan, the same worker, the same outputs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pulumi

from core.labels import PLAN_LABEL, RUN_LABEL, STACK_LABEL
from core.plan import LoadPlan
from infra.databases.spec import DatabaseSpec
from infra.fleet.resource import Fleet
from infra.settings.model import Settings

CONNECTION_VARIABLE = "LOADTEST_CONNECTION_STRING"

WORKER_USER = 65532
"""The user and the group of the worker's image, by number."""
PLAN_FOLDER, RESULTS_FOLDER, DATA_FOLDER = "/plan", "/results", "/data"
"""Where a worker's container has the plan, its results and its RAM disk."""
PLAN_FILE = f"{PLAN_FOLDER}/plan.json"
OUTPUT_FOLDER = f"{RESULTS_FOLDER}/data"
"""Where a worker's container writes the files of a source that is files."""


@dataclass(frozen=True, slots=True)
class LoadTestArgs:
    """One load test, the same on every platform."""

    stack: str
    project: Path
    settings: Settings
    plan: LoadPlan
    database: DatabaseSpec | None
    """The server to make, or None where there is none or it is there already."""
    password: pulumi.Output[str]
    """Of the server to make; a secret."""

    @property
    def labels(self) -> dict[str, str]:
        """What everything that is made carries, so that nothing of a run can be overlooked."""
        return {
            STACK_LABEL: self.stack,
            RUN_LABEL: self.plan.run_id,
            PLAN_LABEL: self.plan.digest(),
        }


class LoadTest(Protocol):
    """A platform's component, once it is declared."""

    fleet: Fleet
    endpoint: pulumi.Output[str]
    """Where the source is, without secrets."""
    connection_string: pulumi.Output[str]
    """A secret."""


class LoadTestComponent(Protocol):
    """How a platform's component is made. Raises LoadtestError, in one line, before anything is created."""

    def __call__(self, name: str, args: LoadTestArgs, opts: pulumi.ResourceOptions | None = None) -> LoadTest:
        """Declare everything that the load test needs."""
        ...


def prepare_arguments(plan: str) -> list[str]:
    """The worker program's arguments for the preparation; `plan` is the plan file as the process sees it."""
    return ["prepare", "--plan", plan]


def worker_arguments(plan: str, index: int | str) -> list[str]:
    """The worker program's arguments for the worker of this index, or of what the platform replaces by an index."""
    return ["--plan", plan, "--index", str(index)]
