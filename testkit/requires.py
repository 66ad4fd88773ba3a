"""Skip a test that finds a component missing while it runs, or fail it where skips are forbidden, as in CI."""

import os

import pytest

REQUIRE_ALL = os.environ.get("LOADTEST_REQUIRE_ALL") == "1"
"""Whether skips are forbidden."""
SKIPPED = "missing "
"""The prefix of the skip reason for a missing component."""


def requires(present: bool, component: str, lacking: str) -> None:
    """Skip the calling test unless `present`; fail it where skips are forbidden."""
    if present:
        return
    if REQUIRE_ALL:
        pytest.fail(f"{component}: {lacking}", pytrace=False)
    pytest.skip(f"{SKIPPED}{component}: {lacking}")
