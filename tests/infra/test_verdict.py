"""Reasons for which a run fails `pulumi up`, from the report of its results."""

import json

import pytest

from core.errors import ExitCode
from core.results import ExitReason
from infra.verdict import failure_of
from testkit.clone import ROOT
from tests.aggregate import runs

FAILURES = frozenset({ExitCode.FAILED, ExitCode.DIFFERENCE})
SLOW = "rows_per_second >= 1e12"


def failure(results, failing=FAILURES, **plan):
    written = [json.loads(each.model_dump_json()) for each in results]
    return failure_of(runs.plan(**plan).model_dump_json(), written, failing, ROOT)


def test_successful_run_does_not_fail():
    assert failure(runs.three_workers()) == ""


def test_dead_and_missing_workers_fail_with_the_first_reason():
    dead = [runs.result(1), runs.failed(2, ExitReason.KILLED, "killed by SIGKILL")]
    assert failure(dead) == "worker-2 (and 1 more): killed by SIGKILL"


def test_differing_rows_fail_with_their_numbers():
    differs = runs.result(
        1,
        success=False,
        exit_code=ExitCode.DIFFERENCE,
        verification_report=runs.verified(missing=2, mismatched=1),
    )
    assert failure([differs, *runs.three_workers()[1:]]).startswith(
        "verification found 2 missing, 1 different and 0 extra"
    )


@pytest.mark.parametrize("failing", [FAILURES, FAILURES | {ExitCode.THRESHOLD}], ids=["failure", "threshold"])
def test_threshold_fails_only_if_the_setting_asks(failing):
    expected = f"threshold failed: {SLOW}" if ExitCode.THRESHOLD in failing else ""
    assert failure(runs.three_workers(), failing, thresholds=(SLOW,)) == expected
