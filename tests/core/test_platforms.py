"""Tests that each declared platform has its modules, and that no folder is left undeclared."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from core.platforms import PLATFORMS

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("platform", sorted(PLATFORMS))
@pytest.mark.parametrize("role", ["component", "runner", "cleanup"])
def test_platform_has_module_of_each_role(platform, role):
    assert find_spec(f"infra.platforms.{platform}.{role}") is not None


@pytest.mark.parametrize("platform", sorted(PLATFORMS))
def test_platform_has_feed_for_watch(platform):
    assert find_spec(f"aggregate.live.{platform}") is not None


def test_each_platform_folder_is_declared():
    folders = {file.parent.name for file in (ROOT / "infra" / "platforms").glob("*/__init__.py")}
    assert folders == {"local", "docker", "kubernetes"} == set(PLATFORMS)
