"""The exit status of a worker, by the error that ended it."""

from dataclasses import dataclass

from core.errors import ExitCode, LoadtestError, RunError, VerificationError
from core.results import ExitReason
from core.text import one_line


class StoppedError(RunError):
    """The worker received SIGTERM or SIGINT. Its result reports the work so far."""

    exit_code = ExitCode.TERMINATED


@dataclass(frozen=True, slots=True)
class ExitStatus:
    """The reason and the errors for the result, and the exit code of the process."""

    reason: ExitReason
    code: ExitCode
    errors: tuple[str, ...] = ()


COMPLETED = ExitStatus(ExitReason.COMPLETED, ExitCode.OK)


def exit_status_of(error: Exception) -> ExitStatus:
    """Return the exit status for an error; an unexpected error is reported as a bug."""
    match error:
        case VerificationError():  # the run is complete, but rows differ
            return ExitStatus(ExitReason.COMPLETED, error.exit_code, (str(error),))
        case StoppedError():
            return ExitStatus(ExitReason.INTERRUPTED, error.exit_code, (str(error),))
        case LoadtestError():
            return ExitStatus(ExitReason.FAILED, error.exit_code, (str(error),))
        case MemoryError():
            remedy = "memory: the worker ran out of memory; raise memoryLimit or lower batchSize"
            return ExitStatus(ExitReason.FAILED, ExitCode.FAILED, (remedy,))
        case _:
            defect = f"{type(error).__name__}: {one_line(error)} (a bug in the worker; please report it)"
            return ExitStatus(ExitReason.FAILED, ExitCode.FAILED, (defect,))
