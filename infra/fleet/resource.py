"""The fleet as one dynamic resource: its creation is the run, and its outputs are the results.

The engine creates few resources at a time and discards the outputs of failed ones. So there is one resource for all workers,
and its creation never fails: the output `error` contains the reason if nothing ran, and the next `pulumi up` tries again.
"""

import os
import secrets as random
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource

from core.errors import LoadtestError
from core.plan import LoadPlan
from infra.fleet.orchestrator import Outcome, run_fleet
from infra.platforms import runner_of
from infra.resources.dynamic import ReplaceOnChangeProvider
from infra.resources.provider_process import provider_process


class FleetProvider(ReplaceOnChangeProvider):
    """Run a plan with the runner of its platform."""

    triggers = ("platform", "plan", "handles")

    def create_resource(self, props: dict[str, Any]) -> CreateResult:
        """Run the fleet and return its outcome."""
        plan = LoadPlan.model_validate_json(props["plan"])
        started = datetime.now(UTC)
        process, program = provider_process(), int(props["program"])
        try:
            runner = runner_of(props["platform"], props["handles"], plan, props.get("secrets") or {})
            outcome = run_fleet(plan, runner, wanted=lambda: process.is_awaited_by(program))
        except LoadtestError as error:
            outcome = Outcome(error=str(error))
        execution = {"execution_id": execution_id(started), "started_at": started.isoformat()}
        given = {key: props[key] for key in self.triggers}
        return CreateResult(id_=execution["execution_id"], outs={**given, **execution, **_outputs(outcome)})

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Run again if plan or workers changed, or if the last run did not start or was interrupted."""
        changed = super().diff(_id, _olds, _news)
        if not _olds.get("error"):
            return changed
        return DiffResult(changes=True, replaces=[*(changed.replaces or []), "error"], delete_before_replace=True)


def execution_id(started: datetime) -> str:
    """Return a new id for one run of a plan. Ids are ordered by the second in which their runs started."""
    return f"{started:%Y%m%dT%H%M%SZ}-{random.token_hex(2)}"


def _outputs(outcome: Outcome) -> dict[str, Any]:
    return {
        "results": [result.model_dump(mode="json") for result in outcome.results],
        "succeeded": outcome.succeeded,
        "error": outcome.error or "",
        "warnings": list(outcome.warnings),
        "start_spread_ms": outcome.start_spread_ms,
        "server_settings": outcome.server_settings,
        "instants": outcome.instants.model_dump(mode="json"),
    }


class Fleet(Resource, module="loadtest", name="Fleet"):
    """One run of the plan's workers."""

    execution_id: pulumi.Output[str]
    """Identifies this run among all runs of the plan, ordered by time."""
    started_at: pulumi.Output[str]
    results: pulumi.Output[list[dict[str, Any]]]
    """One `core.results.WorkerResult` per planned worker."""
    succeeded: pulumi.Output[bool]
    error: pulumi.Output[str]
    """Why no worker ran, or why the run was interrupted; else empty."""
    warnings: pulumi.Output[list[str]]
    start_spread_ms: pulumi.Output[float]
    server_settings: pulumi.Output[dict[str, str]]
    instants: pulumi.Output[dict[str, str | None]]
    """One `core.results.FleetInstants`."""

    def __init__(
        self,
        name: str,
        platform: str,
        plan: LoadPlan,
        handles: Mapping[str, pulumi.Input[Any]],
        opts: pulumi.ResourceOptions,
        secrets: Mapping[str, pulumi.Input[str]] | None = None,
    ) -> None:
        outputs = dict.fromkeys(("execution_id", "started_at", "results", "succeeded", "error", "warnings"))
        outputs |= dict.fromkeys(("start_spread_ms", "server_settings", "instants"))
        inputs = {
            "platform": platform,
            "plan": plan.model_dump_json(),
            "handles": handles,
            "secrets": secrets,
            # The run is stopped when this process has ended.
            "program": os.getpid(),
        }
        bound = pulumi.CustomTimeouts(
            create=f"{plan.timeout_seconds + plan.connect_seconds + plan.start_seconds + 600}s"
        )
        options = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(custom_timeouts=bound))
        super().__init__(FleetProvider(), name, cast("dict[str, Any]", {**outputs, **inputs}), options)
