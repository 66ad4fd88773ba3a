"""A kill of `pulumi` itself at a moment of a run, and what is there after `pulumi destroy` or the sweep."""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from testkit import loads
from testkit.clone import Done, Stack

ENDLESS: Mapping[str, object] = {"rowCount": 50_000_000, "tables": ["users", "orders"]}
"""A run that no moment outlives."""
DESTROY, SWEEP = "destroy", "sweep"
_ENDED_SECONDS = 10
"""Until the processes that the engine left behind have seen that it is gone."""


@dataclass(frozen=True)
class Interruption:
    """What became of one run."""

    at_seconds: float
    """From the start of `pulumi up` to its end by SIGKILL."""
    there: Sequence[str]
    """What there was of the stack at that moment: how far the run had come."""
    way: str
    """What was tried first."""
    said: str
    """What the last command said, where it failed."""
    left_to_the_sweep: Sequence[str]
    """What `pulumi destroy` left, where that was tried first: what the engine had not yet written down."""
    left: Sequence[str]
    """What there is in the end."""

    @property
    def clean(self) -> bool:
        """Nothing is left, and the engine agrees."""
        return not self.said and not self.left


def interrupted(stack: Stack, way: str, at_seconds: float) -> Interruption:
    """Kill an `up` of the stack, whose run is to be endless, after so many seconds; then clean up in this way.

    What `destroy` leaves is left to the sweep; a `destroy` that failed for it has to succeed then.
    """
    process = stack.start_up()
    time.sleep(at_seconds)
    assert process.poll() is None, f"it ended before {at_seconds} s: {process.communicate()[0]}"
    # Tools of ours become the CLI: it is the engine's own process.
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
    """`make sweep STACK=... YES=--yes`."""
    command = (sys.executable, "-m", "infra.cli.cleanup", "--stack", stack.name, "--yes")
    return stack.run(*command)


def _destroyed(stack: Stack) -> Done:
    """A kill may come before there is a stack to destroy."""
    done = stack.destroy()
    return Done(0, done.output) if "no stack named" in done.output else done


def left(stack: Stack) -> Sequence[str]:
    """What is of the stack; what is about to end or to go is waited for."""
    deadline = time.monotonic() + _ENDED_SECONDS
    while (left := stack.traces()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return left
