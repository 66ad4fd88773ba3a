"""Split the sources of a test into a sample for every tier and the rest for `make test TIER=campaign`."""

from collections.abc import Collection, Iterable
from typing import Any

import pytest


def sampled(names: Iterable[str], sample: Collection[str]) -> list[Any]:
    """Return one parameter per name; those outside of the sample run in the campaign only."""
    return [pytest.param(name, marks=[] if name in sample else [pytest.mark.campaign]) for name in names]
