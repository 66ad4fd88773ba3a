"""Every failure that a user can meet, with the exit code that it ends in.

LoadtestError               1
├── InputError              2   something the user wrote; nothing was done
│   ├── SchemaError             a schema file, with file, table and column
│   ├── SettingsError           a stack's setting
│   └── PlanError               settings and schema do not fit together
├── RunError                1   a run that began and did not end well
│   ├── ServerError             a server that refused, vanished or never came
│   ├── StorageError            a file or RAM disk that took no more
│   └── ResultError             a result that is missing or cannot be read
├── VerificationError       3   a row that is not what the generator says
└── ThresholdError          99  a figure beyond its bound
"""

from collections.abc import Callable
from enum import IntEnum
from typing import ClassVar

from core.text import visible

_PRINTED = 4_000
"""How many characters of an error are printed: a server may quote a whole row."""


class ExitCode(IntEnum):
    """What a process of ours returns to its caller."""

    OK = 0
    FAILED = 1
    BAD_INPUT = 2
    DIFFERENCE = 3
    THRESHOLD = 99
    INTERRUPTED = 143


class Problem(ValueError):  # noqa: N818 - not an error of its own: the caller adds the key and the value
    """What is wrong with a value and what to write instead; the caller adds the key and the value."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem}; {self.remedy}"


class LoadtestError(Exception):
    """The root: its text is one line for a user, without a secret and without a traceback."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED

    def __str__(self) -> str:
        """Return the text with line ends, escapes and other invisible characters of names and values made visible."""
        return visible(super().__str__())


class InputError(LoadtestError):
    """A value that a user wrote and that cannot be used."""

    exit_code = ExitCode.BAD_INPUT

    @classmethod
    def of(cls, key: str, value: object, problem: str, remedy: str) -> "InputError":
        """Name the key, the value and what to write instead, in one line."""
        return cls(f"{key}: {_shown(value)} {problem}; {remedy}")


class SchemaError(InputError):
    """A schema file that cannot be read as one."""


class SettingsError(InputError):
    """A setting of the stack that cannot be used."""


class PlanError(InputError):
    """A plan that cannot be made from these settings and this schema."""


class RunError(LoadtestError):
    """A run that began and did not end well."""


class ServerError(RunError):
    """A server that refused, vanished or never came up; `transient` where waiting may help."""

    def __init__(self, message: str, *, transient: bool = False) -> None:
        super().__init__(message)
        self.transient = transient


class StorageError(RunError):
    """A file or a RAM disk that took no more bytes."""


class ResultError(RunError):
    """A worker's result that is missing or cannot be read."""


class VerificationError(LoadtestError):
    """Rows that are not what the generator says."""

    exit_code = ExitCode.DIFFERENCE


class ThresholdError(LoadtestError):
    """A figure beyond the bound that the stack sets for it."""

    exit_code = ExitCode.THRESHOLD


def exit_code_of(main: Callable[[], int | None], report: Callable[[str], object]) -> int:
    """Run `main`; turn an error of ours into one reported line and its exit code. Others are bugs and propagate."""
    try:
        return int(main() or ExitCode.OK)
    except LoadtestError as error:
        report(f"error: {visible(error, _PRINTED)}")
        return int(error.exit_code)


def _shown(value: object) -> str:
    """A value as a user wrote it, short enough for one line."""
    text = repr(value) if isinstance(value, str) else str(value)
    text = text.replace("\n", "\\n")
    return text if len(text) <= 80 else text[:77] + "..."
