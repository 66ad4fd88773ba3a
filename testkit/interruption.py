"""Kill `pulumi` during a run, then check what `pulumi destroy` or the cleanup leaves."""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from testkit import loads
from testkit.clone import Done, Stack

ENDLESS: Mapping[str, object] = {"rowCount": 50_000_000, "tables": ["users", "orders"]}
"""Settings of a run that never ends before it is killed."""
DESTROY, CLEANUP = "destroy", "cleanup"
_ENDED_SECONDS = 10
"""How long processes that a killed engine left may take to notice it and end."""


@dataclass(frozen=True)
class Interruption:
    """The outcome of one interrupted run."""

    at_seconds: float
    """Seconds from the start of `pulumi up` to SIGKILL."""
    existing: Sequence[str]
    """What existed of the stack at that moment. It shows how far the run was."""
    method: str
    """The method of cleanup that was tried first: DESTROY or CLEANUP."""
    error_output: str
    """The output of the last command if it failed."""
    left_by_destroy: Sequence[str]
    """What `pulumi destroy` left because the engine had not recorded it yet."""
    left: Sequence[str]
    """What exists after the last command."""

    @property
    def clean(self) -> bool:
        """Whether nothing is left and the last command succeeded."""
        return not self.error_output and not self.left


def interrupt_and_clean_up(stack: Stack, method: str, at_seconds: float) -> Interruption:
    """Kill an `up` of the stack after this many seconds, then clean up with the given method.

    Whatever `destroy` leaves is removed by the cleanup. If `destroy` failed, it must succeed after that.
    """
    process = stack.start_up()
    time.sleep(at_seconds)
    assert process.poll() is None, f"`pulumi up` ended before {at_seconds} s: {process.communicate()[0]}"
    # The wrapper replaces itself by the CLI (exec), so this is the engine's own process.
    process.kill()
    existing = stack.traces()
    loads.wait_for_end(process)
    left_by_destroy: Sequence[str] = []
    done = run_cleanup(stack) if method == CLEANUP else _destroy(stack)
    if method == DESTROY and (left_by_destroy := traces_after_wait(stack)):
        failed = done.code != 0
        done = run_cleanup(stack)
        done = _destroy(stack) if failed and done.code == 0 else done
    error_output = "" if done.code == 0 else done.output
    return Interruption(at_seconds, existing, method, error_output, left_by_destroy, traces_after_wait(stack))


def run_cleanup(stack: Stack) -> Done:
    """Run the cleanup of the stack, as `make cleanup STACK=... YES=--yes` does."""
    command = (sys.executable, "-m", "infra.cli.cleanup", "--stack", stack.name, "--yes")
    return stack.run(*command)


def _destroy(stack: Stack) -> Done:
    """Destroy the stack. Succeed if the kill came before the stack was created."""
    done = stack.destroy()
    return Done(0, done.output) if "no stack named" in done.output else done


def traces_after_wait(stack: Stack) -> Sequence[str]:
    """Return what is left of the stack, after waiting for things that are about to end."""
    deadline = time.monotonic() + _ENDED_SECONDS
    while (left := stack.traces()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return left
