"""Wait for events of a run in progress."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

_WAIT_SECONDS = 120
_POLL_SECONDS = 0.1


def wait_until(happened: Callable[[], bool], process: subprocess.Popen[str], what: str) -> None:
    """Wait until `happened` returns true while `process` runs; fail the test if the process ends first or time is up."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while not happened():
        assert process.poll() is None, f"the process ended before {what}: {process.communicate()[0]}"
        assert time.monotonic() < deadline, f"no {what} within {_WAIT_SECONDS} s"
        time.sleep(_POLL_SECONDS)


def has_loaded(log: Path) -> bool:
    """Return whether a worker's log file has a progress line with rows."""
    return log.is_file() and _has_progress(log.read_text())


def has_loaded_in(container: str) -> bool:
    """Return whether the log of a worker's container has a progress line with rows."""
    done = subprocess.run(["docker", "logs", container], capture_output=True, text=True, check=False, timeout=60)
    return _has_progress(done.stdout)


def _has_progress(output: str) -> bool:
    return any('"progress":' in line and '"rows":0,' not in line for line in output.splitlines())


def wait_for_end(process: subprocess.Popen[str]) -> str:
    """Wait until the process ends, and return its output."""
    return process.communicate(timeout=_WAIT_SECONDS)[0]
