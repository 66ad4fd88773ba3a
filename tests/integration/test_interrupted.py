"""`pulumi` itself is killed in mid-run: afterwards `destroy`, or the sweep where there is no state, leaves nothing.

A few moments of the campaign `python -m bench.interrupted`.
"""

import pytest

from testkit import loads
from testkit.interruption import ENDLESS, SWEEP, interrupted, left
from tests.integration import containers

pytestmark = [pytest.mark.engine, pytest.mark.long]


def test_on_this_machine_by_the_sweep(new_stack):
    outcome = interrupted(new_stack(**ENDLESS), SWEEP, at_seconds=9)
    assert outcome.clean, outcome


@pytest.mark.docker
def test_on_docker_by_the_sweep(new_stack, docker):
    outcome = interrupted(new_stack(**ENDLESS, **docker), SWEEP, at_seconds=6)
    assert outcome.clean, outcome


@pytest.mark.docker
def test_destroy_removes_a_server_on_docker_that_the_engine_had_not_written_down(new_stack, docker):
    stack = new_stack(**ENDLESS, **docker)
    process = stack.start_up()
    # It is written down once it is ready.
    loads.until(lambda: f"loadtest-{stack.name}-database" in containers.names(stack.name), process, "server")
    process.kill()
    loads.end(process)
    stack.destroy().succeeded()
    assert left(stack) == []
