"""A look at a run while it lasts."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

_WAIT_SECONDS = 120
_POLL_SECONDS = 0.1


def until(happened: Callable[[], bool], process: subprocess.Popen[str], what: str) -> None:
    """Wait for something while `process` runs; fails the test where it ends first or the wait is too long."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while not happened():
        assert process.poll() is None, f"it ended before {what}: {process.communicate()[0]}"
        assert time.monotonic() < deadline, f"no {what} within {_WAIT_SECONDS} s"
        time.sleep(_POLL_SECONDS)


def has_loaded(log: Path) -> bool:
    """Whether a worker's log on this machine has a progress line with rows."""
    return log.is_file() and _tells_of_rows(log.read_text())


def has_loaded_in(container: str) -> bool:
    """The same for a worker in a container."""
    done = subprocess.run(["docker", "logs", container], capture_output=True, text=True, check=False, timeout=60)
    return _tells_of_rows(done.stdout)


def _tells_of_rows(output: str) -> bool:
    return any('"progress":' in line and '"rows":0,' not in line for line in output.splitlines())


def end(process: subprocess.Popen[str]) -> str:
    """Wait for its end; what it printed."""
    return process.communicate(timeout=_WAIT_SECONDS)[0]
