"""The protocol between the fleet and a platform's runner, and what the runners share."""

import time
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from types import FunctionType
from typing import Any, Protocol, TypeVar, runtime_checkable

from core.errors import ExitCode
from core.results import ExitReason
from core.settings_key import setting_key

SIGKILL_CODE = 137
"""The exit code that container platforms report for SIGKILL."""
KILLED_DETAIL = "SIGKILL; no out-of-memory event was reported"
OUT_OF_MEMORY_DETAIL = "the kernel killed it at its memory limit"
FINAL_EXIT_CODES = (ExitCode.OK, ExitCode.BAD_INPUT, ExitCode.DIFFERENCE)
"""Exit codes that another attempt would repeat: a worker that ends with one of them is not retried."""


@dataclass(frozen=True, slots=True)
class ProcessExit:
    """The exit status of a process of the fleet, with the end of its standard output."""

    exit_code: int | None
    output: str
    reason: ExitReason | None = None
    """The reason that the platform reports; None if the process reports its own."""
    detail: str = ""
    """The platform's message, or the end of standard error."""
    started_at: datetime | None = None
    ended_at: datetime | None = None


class Runner(Protocol):
    """Run one fleet. Workers are named by their id."""

    def prepare(self, timeout_seconds: float, wanted: Callable[[], bool]) -> ProcessExit:
        """Run `worker prepare` to its end. Stop it at the timeout, or as soon as `wanted` returns False."""
        ...

    def start(self) -> None:
        """Start all workers together."""
        ...

    def ready(self) -> frozenset[str]:
        """Return the ids of the workers that were ready to load, whether or not they have ended since."""
        ...

    def open_gate(self, left_out: AbstractSet[str]) -> None:
        """Let the workers load, now and after a restart. End those that are left out before they could."""
        ...

    def running(self) -> frozenset[str]:
        """Return the ids of the workers that have not ended."""
        ...

    def stop(self) -> None:
        """Stop every worker, and kill those that do not end in time; their results are kept."""
        ...

    def exits(self) -> Mapping[str, ProcessExit]:
        """Return how each worker ended. A worker that did not start is included, with that reason."""
        ...

    def finish(self) -> Sequence[str]:
        """Move the run's files to their destination, and return warnings."""
        ...


@runtime_checkable
class RestartingRunner(Protocol):
    """A runner whose platform does not restart failed workers by itself."""

    def restart(self, worker: str) -> None:
        """Start a worker that has ended again; the worker itself detects that this is not its first attempt."""
        ...


class Deadline:
    """The deadline of a preparation. It also expires as soon as the run is no longer wanted."""

    def __init__(self, seconds: float, wanted: Callable[[], bool]) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._wanted = wanted

    def expired(self) -> ProcessExit | None:
        """Return the exit status to report if the wait must stop, else None."""
        if not self._wanted():
            return ProcessExit(None, "", ExitReason.INTERRUPTED)
        if time.monotonic() > self._end:
            detail = f"it did not end within {self._seconds:.0f} s; raise {setting_key('connectTimeout')}"
            return ProcessExit(None, "", ExitReason.TIMED_OUT, detail)
        return None


C = TypeVar("C")


def translate_errors(translation: Callable[[], AbstractContextManager[Any]]) -> Callable[[type[C]], type[C]]:
    """Return a class decorator that runs every public method inside `translation`.

    No method, including those added later, then lets a driver's exception escape untranslated.
    """

    def decorate(runner: type[C]) -> type[C]:
        for name, member in list(vars(runner).items()):
            if isinstance(member, FunctionType) and not name.startswith("_"):
                setattr(runner, name, _translated(member, translation))
        return runner

    return decorate


def _translated(
    method: Callable[..., Any], translation: Callable[[], AbstractContextManager[Any]]
) -> Callable[..., Any]:
    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        with translation():
            return method(*args, **kwargs)

    return call
