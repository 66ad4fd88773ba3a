"""How a worker's work ended, by the error that ended it."""

from dataclasses import dataclass

from core.errors import ExitCode, LoadtestError, RunError, VerificationError
from core.results import ExitReason
from core.text import one_line


class StoppedError(RunError):
    """SIGTERM or SIGINT: the work ends here, and what was done is reported."""

    exit_code = ExitCode.INTERRUPTED


@dataclass(frozen=True, slots=True)
class ExitStatus:
    """What the result says of it, and the process's exit code."""

    reason: ExitReason
    code: ExitCode
    errors: tuple[str, ...] = ()


COMPLETED = ExitStatus(ExitReason.COMPLETED, ExitCode.OK)


def exit_status_of(error: Exception) -> ExitStatus:
    """The ending that an error makes; one that is none of ours is named as a defect."""
    match error:
        case VerificationError():  # all was done, and the rows are not what they should be
            return ExitStatus(ExitReason.COMPLETED, error.exit_code, (str(error),))
        case StoppedError():
            return ExitStatus(ExitReason.INTERRUPTED, error.exit_code, (str(error),))
        case LoadtestError():
            return ExitStatus(ExitReason.FAILED, error.exit_code, (str(error),))
        case MemoryError():
            remedy = "memory: the worker could get no more; raise memoryLimit or lower batchSize"
            return ExitStatus(ExitReason.FAILED, ExitCode.FAILED, (remedy,))
        case _:
            said = one_line(error)
            defect = f"{type(error).__name__}: {said} (a defect of the worker: please report it)"
            return ExitStatus(ExitReason.FAILED, ExitCode.FAILED, (defect,))
