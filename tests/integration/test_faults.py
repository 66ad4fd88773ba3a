"""Faults at random moments of real loads. `make faults` runs more trials of the same."""

import random

import pytest

from bench.faults.campaign import FAULTS, Load, worker_image

pytestmark = pytest.mark.docker
SHARE = 0.5
"""The share of the campaign's rows."""
SAMPLE = {
    "worker killed": ("mysql", "mongodb", "kafka", "jsonl"),
    "server killed": ("mysql", "kafka"),
    "network cut": ("postgresql",),
    "disk full": ("mysql", "mongodb", "jsonl"),
    "memory short": ("csv",),
}
"""The pairs that every tier runs once, to save time. TIER=campaign runs all pairs once, `make faults` many times."""
CELLS = [
    pytest.param(name, source, marks=[] if source in SAMPLE[name] else [pytest.mark.campaign])
    for name, fault in FAULTS.items()
    for source in fault.sources
]


@pytest.fixture(scope="module")
def image() -> str:
    return worker_image()


@pytest.mark.parametrize(("name", "source"), CELLS)
def test_fault_ends_as_expected(name: str, source: str, image: str) -> None:
    seed = random.randrange(2**32)
    (verdict,) = FAULTS[name].verdicts(Load(source, image, 1, random.Random(seed), SHARE))
    assert verdict.wrong == (), f"moments of the seed {seed}"


def test_sample_has_every_fault_and_source() -> None:
    assert SAMPLE.keys() == FAULTS.keys()
    assert all(set(sources) <= set(FAULTS[name].sources) for name, sources in SAMPLE.items())
