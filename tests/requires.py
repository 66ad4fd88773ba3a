"""Tests of a component that this machine lacks skip, and say why; in CI, which installs everything, they fail instead."""

import os

import pytest


def requires(present: bool, what: str) -> None:
    """Skip the calling test unless `present`; fail it where LOADTEST_REQUIRE_ALL is set."""
    if present:
        return
    if os.environ.get("LOADTEST_REQUIRE_ALL") == "1":
        pytest.fail(f"missing in CI: {what}")
    pytest.skip(f"missing on this machine: {what}")
