"""A plan as a stack's output: what the engine's doubles do to it is undone, or never done."""

import json

import pytest

from aggregate.collect import from_text
from infra.outputs import plan_output
from infra.planner import plan_of
from tests.infra.configuration import ROOT, settings


@pytest.mark.parametrize(("schema", "kind"), [("schemas/shop.yaml", dict), ("tests/data/every_kind.yaml", str)])
def test_a_plan_is_read_back_as_it_was(schema, kind):
    plan = plan_of(settings(schema=schema), ROOT)
    told = plan_output(plan)
    assert isinstance(told, kind)
    outputs = {"results": [], "plan": told}
    assert from_text(json.dumps(outputs).encode(), "outputs").plan == plan
