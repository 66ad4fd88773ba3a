"""Kill `pulumi` during a run, then check what `pulumi destroy` or the cleanup leaves."""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from testkit import loads
from testkit.clone import Done, Stack

ENDLESS: Mapping[str, object] = {"rowCount": 50_000_000, "tables": ["users", "orders"]}
"""Settings of a run that never ends before it is killed."""
DESTROY, SWEEP = "destroy", "sweep"
_ENDED_SECONDS = 10
"""How long processes that a killed engine left may take to notice it and end."""


@dataclass(frozen=True)
class Interruption:
    """The outcome of one interrupted run."""

    at_seconds: float
    """Seconds from the start of `pulumi up` to SIGKILL."""
    there: Sequence[str]
    """What existed of the stack at that moment. It shows how far the run was."""
    way: str
    """The method of cleanup that was tried first: DESTROY or SWEEP."""
    said: str
    """The output of the last command if it failed."""
    left_to_the_sweep: Sequence[str]
    """What `pulumi destroy` left because the engine had not recorded it yet."""
    left: Sequence[str]
    """What exists after the last command."""

    @property
    def clean(self) -> bool:
        """Whether nothing is left and the last command succeeded."""
        return not self.said and not self.left


def interrupted(stack: Stack, way: str, at_seconds: float) -> Interruption:
    """Kill an `up` of the stack after this many seconds, then clean up with the given method.

    Whatever `destroy` leaves is removed by the cleanup. If `destroy` failed, it must succeed after that.
    """
    process = stack.start_up()
    time.sleep(at_seconds)
    assert process.poll() is None, f"it ended before {at_seconds} s: {process.communicate()[0]}"
    # The wrapper replaces itself by the CLI (exec), so this is the engine's own process.
    process.kill()
    there = stack.traces()
    loads.end(process)
    left_to_the_sweep: Sequence[str] = []
    done = swept(stack) if way == SWEEP else _destroyed(stack)
    if way == DESTROY and (left_to_the_sweep := left(stack)):
        failed = done.code != 0
        done = swept(stack)
        done = _destroyed(stack) if failed and done.code == 0 else done
    said = "" if done.code == 0 else done.output
    return Interruption(at_seconds, there, way, said, left_to_the_sweep, left(stack))


def swept(stack: Stack) -> Done:
    """Run the cleanup of the stack, as `make sweep STACK=... YES=--yes` does."""
    command = (sys.executable, "-m", "infra.cli.cleanup", "--stack", stack.name, "--yes")
    return stack.run(*command)


def _destroyed(stack: Stack) -> Done:
    """Destroy the stack. Succeed if the kill came before the stack was created."""
    done = stack.destroy()
    return Done(0, done.output) if "no stack named" in done.output else done


def left(stack: Stack) -> Sequence[str]:
    """Return what is left of the stack, after waiting for things that are about to end."""
    deadline = time.monotonic() + _ENDED_SECONDS
    while (left := stack.traces()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return left
