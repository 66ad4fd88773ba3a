"""Which attempt of a worker this is: remembered beside its result, where a restarted container finds it again."""

import os
from collections.abc import Iterable
from pathlib import Path

from core.errors import InputError, StorageError
from core.files import write_atomically

ATTEMPT_VARIABLE = "LOADTEST_ATTEMPT"
FAILURES_VARIABLE = "LOADTEST_FAILURES"
"""How often the platform saw this worker fail before: what Kubernetes counts, where a retry is another pod."""
_SUFFIX = ".attempt"


def begin_attempt(results: Path, worker_id: str) -> int:
    """The number of this attempt, from 1, which is written down before anything is loaded.

    What the environment says holds where it is more: a platform that starts a worker elsewhere counts by itself. Raises
    StorageError where it cannot be written down: a later attempt would take itself for the first.
    """
    marker = results / f"{worker_id}{_SUFFIX}"
    try:
        earlier = int(marker.read_text()) if marker.is_file() else 0
        attempt = max(earlier + 1, attempt_of_environment())
        results.mkdir(parents=True, exist_ok=True)
        write_atomically(marker, str(attempt))
    except (OSError, ValueError) as error:
        raise StorageError(
            f"{marker}: the attempt could not be written down ({error}); give the folder room"
        ) from error
    return attempt


def forget_attempts(results: Path, worker_ids: Iterable[str]) -> None:
    """Remove what earlier runs noted of these workers; other files of the folder may be the user's."""
    for worker_id in worker_ids:
        (results / f"{worker_id}{_SUFFIX}").unlink(missing_ok=True)


def attempt_of_environment() -> int:
    """Which attempt the platform says that this is; 1 where it says nothing."""
    return max(_number(ATTEMPT_VARIABLE, "is no attempt", 1), _number(FAILURES_VARIABLE, "is no count", 0) + 1)


def _number(variable: str, problem: str, least: int) -> int:
    text = os.environ.get(variable, str(least))
    if not text.isdecimal() or int(text) < least:
        raise InputError.of(variable, text, problem, f"write a number from {least}")
    return int(text)
