"""Which sources of a test every tier tries, and which are left to `make test TIER=campaign`."""

from collections.abc import Collection, Iterable
from typing import Any

import pytest


def sampled(names: Iterable[str], sample: Collection[str]) -> list[Any]:
    """Return one parameter a name; those outside of the sample are for the campaign."""
    return [pytest.param(name, marks=[] if name in sample else [pytest.mark.campaign]) for name in names]
