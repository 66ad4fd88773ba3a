"""The fleet as one dynamic resource: making it is the run, and its outputs are the results.

The engine serves few resources at a time and forgets what a failed one had to tell. So there is one for all workers,
and it never fails: it says in `error` why nothing ran, and the next `pulumi up` then tries again.
"""

import os
from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource

from core.errors import LoadtestError
from core.plan import LoadPlan
from infra.fleet.orchestrator import Outcome, conduct
from infra.fleet.runner import Runner
from infra.resources.dynamic import ReplacedProvider

_RUNNERS: Mapping[str, str] = {
    "docker": "infra.platforms.docker.runner",
    "kubernetes": "infra.platforms.kubernetes.runner",
    "local": "infra.platforms.local.runner",
}


class FleetProvider(ReplacedProvider):
    """Runs a plan with the runner of its platform. Heavy imports stay inside: the engine pickles this class."""

    triggers = ("platform", "plan", "handles")

    def make(self, props: dict[str, Any]) -> CreateResult:
        """Run, and keep what came of it."""
        from infra.resources.provider_process import service

        plan = LoadPlan.model_validate_json(props["plan"])
        module = import_module(_RUNNERS[props["platform"]])
        try:
            runner: Runner = module.runner_of(props["handles"], plan, props.get("secrets") or {})
            outcome = conduct(plan, runner, wanted=lambda: service().wanted_by(int(props["program"])))
        except LoadtestError as error:
            outcome = Outcome(error=str(error))
        return CreateResult(id_=plan.run_id, outs={**{key: props[key] for key in self.triggers}, **_outputs(outcome)})

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Another plan or other workers are another run; one that did not begin, or was interrupted, is tried again."""
        changed = super().diff(_id, _olds, _news)
        if not _olds.get("error"):
            return changed
        return DiffResult(changes=True, replaces=[*(changed.replaces or []), "error"], delete_before_replace=True)


def _outputs(outcome: Outcome) -> dict[str, Any]:
    return {
        "results": [result.model_dump(mode="json") for result in outcome.results],
        "succeeded": outcome.succeeded,
        "error": outcome.error or "",
        "warnings": list(outcome.warnings),
        "start_spread_ms": outcome.start_spread_ms,
        "server_settings": outcome.server_settings,
    }


class Fleet(Resource, module="loadtest", name="Fleet"):
    """One run of the plan's workers, on whatever platform holds them."""

    results: pulumi.Output[list[dict[str, Any]]]
    """One result per planned worker, as `core.results.WorkerResult` has it."""
    succeeded: pulumi.Output[bool]
    error: pulumi.Output[str]
    """Why nothing ran, or empty."""
    warnings: pulumi.Output[list[str]]
    start_spread_ms: pulumi.Output[float]
    server_settings: pulumi.Output[dict[str, str]]

    def __init__(
        self,
        name: str,
        platform: str,
        plan: LoadPlan,
        handles: Mapping[str, pulumi.Input[Any]],
        opts: pulumi.ResourceOptions,
        secrets: Mapping[str, pulumi.Input[str]] | None = None,
    ) -> None:
        outputs = dict.fromkeys(("results", "succeeded", "error", "warnings", "start_spread_ms", "server_settings"))
        inputs = {
            "platform": platform,
            "plan": plan.model_dump_json(),
            "handles": handles,
            "secrets": secrets,
            # Who waits for the run: with it gone nobody does.
            "program": os.getpid(),
        }
        bound = pulumi.CustomTimeouts(create=f"{plan.timeout_seconds + plan.connect_seconds + 600}s")
        options = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(custom_timeouts=bound))
        super().__init__(FleetProvider(), name, cast("dict[str, Any]", {**outputs, **inputs}), options)
