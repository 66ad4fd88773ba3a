"""The number of a worker's attempt, in a file next to its result that a restarted container can read."""

import os
from collections.abc import Iterable
from pathlib import Path

from core.errors import InputError, StorageError
from core.files import write_atomically
from core.process import ATTEMPT_VARIABLE, FAILURES_VARIABLE

_SUFFIX = ".attempt"


def begin_attempt(results: Path, worker_id: str) -> int:
    """Return the number of this attempt, from 1, and save it before anything is loaded.

    If the platform sets a higher number in the environment, that is used: a platform that restarts workers on another machine
    counts the attempts itself. Raises StorageError if the number cannot be saved, because a later attempt would then count
    as the first.
    """
    marker = results / f"{worker_id}{_SUFFIX}"
    try:
        earlier = int(marker.read_text()) if marker.is_file() else 0
        attempt = max(earlier + 1, attempt_of_environment())
        results.mkdir(parents=True, exist_ok=True)
        write_atomically(marker, str(attempt))
    except (OSError, ValueError) as error:
        raise StorageError(
            f"{marker}: the number of the attempt could not be saved ({error}); free space in the folder"
        ) from error
    return attempt


def forget_attempts(results: Path, worker_ids: Iterable[str]) -> None:
    """Remove the attempt files of these workers only; other files of the folder may be the user's."""
    for worker_id in worker_ids:
        (results / f"{worker_id}{_SUFFIX}").unlink(missing_ok=True)


def attempt_of_environment() -> int:
    """Return the number of the attempt that the platform sets in the environment, else 1."""
    return max(_number(ATTEMPT_VARIABLE, 1), _number(FAILURES_VARIABLE, 0) + 1)


def _number(variable: str, least: int) -> int:
    text = os.environ.get(variable, str(least))
    if not text.isdecimal() or int(text) < least:
        raise InputError.of(variable, text, "is not a valid number", f"write a number from {least}")
    return int(text)
