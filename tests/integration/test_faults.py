"""Faults at random moments of real loads; `make faults` makes more trials of the same."""

import random

import pytest

from bench.faults.campaign import FAULTS, Load, worker_image

pytestmark = pytest.mark.docker
TRIALS = {"worker killed": 3}
"""In CI; of each other fault it makes one."""
SHARE = 0.5
"""Of the campaign's rows."""
FEWER = {"network cut": ("postgresql", "neo4j"), "memory short": ("csv",)}
"""Faults that CI tries on some of their sources, for the sake of its time."""
CELLS = [(name, source) for name, fault in FAULTS.items() for source in FEWER.get(name, fault.sources)]


@pytest.fixture(scope="module")
def image() -> str:
    return worker_image()


@pytest.mark.parametrize(("name", "source"), CELLS)
def test_everything_ends_in_the_truth(name: str, source: str, image: str) -> None:
    trials, seed = TRIALS.get(name, 1), random.randrange(2**32)
    verdicts = list(FAULTS[name].verdicts(Load(source, image, trials, random.Random(seed), SHARE)))
    assert len(verdicts) == trials
    assert [verdict.wrong for verdict in verdicts] == [()] * trials, f"moments of the seed {seed}"
