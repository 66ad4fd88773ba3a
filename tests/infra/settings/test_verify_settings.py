"""The settings of verification and retries."""

from typing import Any

import pytest

from core.errors import SettingsError
from core.options import VerifyDepth
from core.plan import LoadPlan
from infra.planner import plan_of, warnings_of
from tests.infra.configuration import ROOT, settings


def plan(**given: Any) -> LoadPlan:
    return plan_of(settings(**given), ROOT)


def test_plan_has_verify_depth_and_retries() -> None:
    made = plan(operation="populate+verify", verifyDepth="checksum", retries="3")
    assert (made.operation.populates, made.operation.verifies) == (True, True)
    assert (made.verify_depth, made.retries) == (VerifyDepth.CHECKSUM, 3)
    assert (plan().verify_depth, plan().retries) == (VerifyDepth.FULL, 0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"retries": "-1"}, "loadtest:retries: '-1' is not a whole number of 0 or more"),
        ({"verifyDepth": "deep"}, "loadtest:verifyDepth: 'deep' is not a valid choice; write one of full, checksum"),
        ({"operation": "check"}, "loadtest:operation: 'check' is not a valid choice"),
    ],
)
def test_invalid_verify_setting_is_refused(given: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError) as refused:
        plan(**given)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        ({}, "set connectionString to the server that has them"),
        ({"platform": "docker"}, "set connectionString to the server that has them"),
        ({"platform": "docker", "source": "csv"}, "set platform to local and outputDir to their folder"),
    ],
)
def test_verify_alone_is_refused_for_new_server_or_volume(given: dict[str, str], remedy: str) -> None:
    with pytest.raises(SettingsError) as refused:
        plan(operation="verify", **given)
    assert remedy in str(refused.value)
    assert "write populate+verify" in str(refused.value)


@pytest.mark.parametrize(
    "given", [{"connectionString": "postgresql://u:p@host/database"}, {"source": "jsonl"}, {"source": "csv"}]
)
def test_verify_alone_is_accepted_for_existing_rows(given: dict[str, str]) -> None:
    assert not plan(operation="verify", **given).operation.populates


def test_warns_of_index_larger_than_memory() -> None:
    many = plan(operation="populate+verify", rowCount="100000000", tmpfs="false")
    assert any(
        each.startswith("verification indexes the keys of a table in ") for each in warnings_of(many, None, here=False)
    )
    for fits in ({"rowCount": "1000"}, {"rowCount": "100000000", "tables": "users,products"}):
        made = plan(operation="populate+verify", tmpfs="false", **fits)
        assert not any("indexes" in each for each in warnings_of(made, None, here=False))
