"""Export the stack's outputs, which the report reads. Their names are a contract with `aggregate`."""

import json

import pulumi

from core.plan import LoadPlan
from infra.platforms.base import LoadTest, LoadTestArgs

_LARGEST_EXACT = 2**53
"""The largest integer up to which a double represents every integer."""


def export(args: LoadTestArgs, load_test: LoadTest) -> None:
    """Export what identifies the run and how it ended, also if it failed; with `fullOutputs`, plan and results too."""
    fleet = load_test.fleet
    pulumi.export("runId", args.plan.run_id)
    pulumi.export("executionId", fleet.execution_id)
    pulumi.export("startedAt", fleet.started_at)
    pulumi.export("platform", args.settings.platform)
    pulumi.export("source", args.settings.source)
    pulumi.export("schema", args.settings.schema_file)
    pulumi.export("endpoint", load_test.endpoint)
    pulumi.export("connectionString", pulumi.Output.secret(load_test.connection_string))
    pulumi.export("startSpreadMs", fleet.start_spread_ms)
    pulumi.export("warnings", fleet.warnings)
    pulumi.export("succeeded", fleet.succeeded)
    pulumi.export("error", fleet.error)
    if args.settings.full_outputs:
        pulumi.export("plan", plan_output(args.plan))
        pulumi.export("results", fleet.results)
        pulumi.export("serverSettings", fleet.server_settings)
        pulumi.export("instants", fleet.instants)


def plan_output(plan: LoadPlan) -> object:
    """Return the plan as an object, or as JSON text if it contains integers beyond 2^53.

    The engine converts every number to a double, which would round those.
    """
    text = plan.model_dump_json()
    exact = True

    def parse_integer(digits: str) -> int:
        nonlocal exact
        number = int(digits)
        exact = exact and abs(number) <= _LARGEST_EXACT
        return number

    parsed: object = json.loads(text, parse_int=parse_integer)
    return parsed if exact else text
