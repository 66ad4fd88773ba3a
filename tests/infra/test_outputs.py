"""A plan stays exact although the engine converts its numbers to doubles."""

import json

import pytest

from aggregate.collect import from_text
from infra.outputs import plan_output
from infra.planner import plan_of
from tests.infra.configuration import ROOT, settings


@pytest.mark.parametrize(("schema", "kind"), [("schemas/shop.yaml", dict), ("tests/data/every_kind.yaml", str)])
def test_plan_output_round_trips(schema, kind):
    plan = plan_of(settings(schema=schema), ROOT)
    output = plan_output(plan)
    assert isinstance(output, kind)
    outputs = {"results": [], "plan": output}
    assert from_text(json.dumps(outputs).encode(), "outputs").plan == plan
