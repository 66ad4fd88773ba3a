"""`pulumi` is killed during a run. Afterwards `destroy` leaves nothing, nor does the cleanup if the state is lost.

These are a few moments of the campaign `python -m bench.interrupted`.
"""

import pytest

from testkit import loads
from testkit.interruption import CLEANUP, ENDLESS, interrupt_and_clean_up, traces_after_wait
from tests.integration import containers

pytestmark = [pytest.mark.engine, pytest.mark.long]


def test_cleanup_leaves_nothing_on_this_machine(new_stack):
    outcome = interrupt_and_clean_up(new_stack(**ENDLESS), CLEANUP, at_seconds=9)
    assert outcome.clean, outcome


@pytest.mark.docker
def test_cleanup_leaves_nothing_on_docker(new_stack, docker):
    outcome = interrupt_and_clean_up(new_stack(**ENDLESS, **docker), CLEANUP, at_seconds=6)
    assert outcome.clean, outcome


@pytest.mark.docker
def test_destroy_removes_server_missing_from_state(new_stack, docker):
    stack = new_stack(**ENDLESS, **docker)
    process = stack.start_up()
    # The engine records the server once it is ready.
    loads.wait_until(lambda: f"loadtest-{stack.name}-database" in containers.names(stack.name), process, "server")
    process.kill()
    loads.wait_for_end(process)
    stack.destroy().succeeded()
    assert traces_after_wait(stack) == []
