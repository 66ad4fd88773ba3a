"""Settings, plan and worker arguments share the load options."""

import json
from argparse import ArgumentParser

import pytest
import yaml
from pydantic import ValidationError

from core.options import LoadOptions
from core.plan import LoadPlan
from core.schema.model import Schema
from infra.planner import plan_of
from infra.settings.model import Settings
from tests.infra.configuration import ROOT, settings
from worker.commands import load

DECLARED = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
NAMES = list(LoadOptions.model_fields)


def key_of(name):
    return f"loadtest:{Settings.model_fields[name].alias}"


@pytest.mark.parametrize("name", NAMES)
def test_project_file_declares_option_with_same_default(name):
    default = DECLARED[key_of(name)]["default"]
    # Without a value, the default of onExisting depends on the server.
    assert default == ("" if name == "on_existing" else LoadOptions().model_dump(mode="json")[name])


@pytest.mark.parametrize(
    ("key", "value", "name"),
    [
        ("batchSize", "7", "batch_size"), ("timeout", "9", "timeout_seconds"), ("connectTimeout", "8", "connect_seconds"),
        ("retries", "3", "retries"), ("method", "insert", "method"), ("verifyDepth", "checksum", "verify_depth"),
        ("onExisting", "append", "on_existing"), ("seed", "-4", "seed"), ("rowCount", "5", "row_count"),
        ("operation", "populate+verify", "operation"),
    ],
)  # fmt: skip
def test_setting_reaches_the_plan(key, value, name):
    plan = json.loads(plan_of(settings(**{key: value}), ROOT).model_dump_json())
    assert str(plan[name]) == value


def test_every_worker_option_is_an_argument():
    parser = ArgumentParser()
    load.add_arguments(parser)
    arguments = vars(parser.parse_args([]))
    assert set(NAMES) - set(arguments) == {"timeout_seconds", "start_seconds", "allow_fewer_workers", "retries"}


def test_plan_file_keeps_its_fields_and_their_order():
    plan = LoadPlan(run_id="r", source="csv", limits=None, data=Schema(tables=()), workers=())
    assert plan.model_dump_json() == (
        '{"run_id":"r","source":"csv","operation":"populate","verify_depth":"full","method":"bulk","batch_size":500,'
        '"seed":42,"row_count":10000,"on_existing":"empty","timeout_seconds":3600,"connect_seconds":60,'
        '"start_seconds":120,"allow_fewer_workers":false,"retries":0,'
        '"base_instant":"2026-01-01T00:00:00Z","thresholds":[],"limits":null,"data":{"tables":[]},"workers":[]}'
    )


@pytest.mark.parametrize(
    "given", [{"batch_size": 0}, {"row_count": "1.5"}, {"retries": -1}, {"method": "fast"}, {"operation": "read"}]
)
def test_options_reject_invalid_values(given):
    with pytest.raises(ValidationError):
        LoadOptions(**given)
