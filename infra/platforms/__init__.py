"""The modules of each platform.

A platform is a line in `core/platforms.py` and a folder here with three modules:

- `component.declare(name, args, opts)` declares the resources and returns them as an `infra.platforms.base.LoadTest`.
- `runner.runner_of(handles, plan, secrets)` returns the `infra.fleet.runner.Runner` of the declared workers.
- `cleanup.find_orphans(project, stack, instances)` returns the `infra.ownership.Orphans` that an interrupted engine left,
  and `cleanup.kept(project, stack)` names what `destroy` keeps.
"""

from collections.abc import Collection, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:  # they import Pulumi, and some of them this module
    from core.plan import LoadPlan
    from infra.fleet.runner import Runner
    from infra.ownership import Orphans
    from infra.platforms.base import LoadTestComponent


class Cleanup(Protocol):
    """The module `cleanup` of a platform."""

    def find_orphans(self, project: Path, stack: str | None, instances: Collection[str]) -> "Orphans":
        """Find the resources of a stack, or of all stacks, without an engine's state.

        `instances` are the ids of the stacks that this checkout created. Raises LoadtestError.
        """
        ...

    def kept(self, project: Path, stack: str) -> Sequence[str]:
        """Return a line, with reason and remedy, for each kind of thing that `destroy` keeps. Raises LoadtestError."""
        ...


def component_of(platform: str) -> "LoadTestComponent":
    """Return the function that declares a load test. Only this platform's SDK is imported."""
    return cast("LoadTestComponent", import_module(f"{__name__}.{platform}.component").declare)


def runner_of(platform: str, handles: Mapping[str, Any], plan: "LoadPlan", secrets: Mapping[str, str]) -> "Runner":
    """Return the runner of the workers that the platform's component declared. Raises LoadtestError."""
    return cast("Runner", import_module(f"{__name__}.{platform}.runner").runner_of(handles, plan, secrets))


def cleanup_of(platform: str) -> Cleanup:
    """Return the module that finds the platform's orphaned resources."""
    return cast("Cleanup", import_module(f"{__name__}.{platform}.cleanup"))
