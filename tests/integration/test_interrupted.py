"""`pulumi` itself is killed in mid-run: afterwards `destroy`, or the sweep where there is no state, leaves nothing.

A few moments of the campaign `python -m bench.interrupted`.
"""

import pytest

from tests.integration.interruption import DESTROY, ENDLESS, SWEEP, interrupted

pytestmark = pytest.mark.engine


def test_on_this_machine_by_the_sweep(new_stack):
    outcome = interrupted(new_stack(**ENDLESS), SWEEP, at_seconds=9)
    assert outcome.clean, outcome


@pytest.mark.docker
@pytest.mark.parametrize(("way", "at_seconds"), [(SWEEP, 6), (DESTROY, 14)])
def test_on_docker(new_stack, docker, way, at_seconds):
    outcome = interrupted(new_stack(**ENDLESS, **docker), way, at_seconds)
    assert outcome.clean, outcome
