"""The stack's outputs: what the report is made of. Their names are a contract with `aggregate`."""

import json

import pulumi

from core.plan import LoadPlan
from infra.platforms.base import LoadTest, LoadTestArgs

_LARGEST_WHOLE = 2**53
"""Up to which a double holds every whole number."""


def export(args: LoadTestArgs, load_test: LoadTest) -> None:
    """Export results, plan and where the source is; an error of the fleet's ends the program in one line."""
    fleet = load_test.fleet
    pulumi.export("runId", args.plan.run_id)
    pulumi.export("platform", args.settings.platform)
    pulumi.export("source", args.settings.source)
    pulumi.export("plan", plan_output(args.plan))
    pulumi.export("endpoint", load_test.endpoint)
    pulumi.export("connectionString", pulumi.Output.secret(load_test.connection_string))
    pulumi.export("results", fleet.results)
    pulumi.export("startSpreadMs", fleet.start_spread_ms)
    pulumi.export("serverSettings", fleet.server_settings)
    pulumi.export("warnings", fleet.warnings)
    pulumi.export("succeeded", pulumi.Output.all(fleet.succeeded, fleet.error).apply(_judged))


def plan_output(plan: LoadPlan) -> object:
    """The plan as an object, or its JSON text where it has whole numbers beyond 2^53.

    The engine takes every number for a double, and would hand those back rounded.
    """
    text = plan.model_dump_json()
    exact = True

    def whole(digits: str) -> int:
        nonlocal exact
        number = int(digits)
        exact = exact and abs(number) <= _LARGEST_WHOLE
        return number

    read: object = json.loads(text, parse_int=whole)
    return read if exact else text


def _judged(told: list[object]) -> object:
    """Whether all went well; what kept the fleet from starting is the program's error."""
    succeeded, error = told
    if error:
        raise pulumi.RunError(str(error))
    if succeeded is False:
        pulumi.log.warn("a worker failed: `python -m aggregate --stack ...` names it")
    return succeeded
