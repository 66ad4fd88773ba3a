"""The errors that are reported to users, with their exit codes.

LoadtestError               1
├── InputError              2   invalid input; nothing was done
│   ├── SchemaError             a schema file, with file, table and column
│   ├── SettingsError           a stack's setting
│   └── PlanError               settings and schema do not fit together
├── RunError                1   a run that failed
│   ├── ServerError             a server that refused, disconnected or did not start
│   ├── StorageError            a file or RAM disk that cannot be written
│   └── ResultError             a result that is missing or cannot be read
└── VerificationError       3   rows that differ from the generated ones

A threshold that failed is part of a report, not an error: the report ends with code 99.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import ClassVar, Self

from core.text import abbreviated, visible

_PRINTED = 4_000
"""How many characters of an error are printed: a server may quote a whole row."""


class ExitCode(IntEnum):
    """The exit codes of all commands."""

    OK = 0
    FAILED = 1
    BAD_INPUT = 2
    DIFFERENCE = 3
    THRESHOLD = 99
    INTERRUPTED = 130
    """A command that Ctrl-C ended, as shells report it."""
    TERMINATED = 143
    """A worker that SIGTERM ended, as shells report it."""


class Problem(ValueError):  # noqa: N818 - the caller adds key and value, and raises an InputError
    """An invalid value, without its name: what is wrong with it, and what to write instead."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem}; {self.remedy}"


class LoadtestError(Exception):
    """The base class. Its text is one line for the user, without secrets."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED

    def __str__(self) -> str:
        """Return the text with line ends, escapes and other invisible characters of names and values made visible."""
        return visible(super().__str__())


class InputError(LoadtestError):
    """Invalid input of the user. One error may stand for several, of which each is a line."""

    exit_code = ExitCode.BAD_INPUT
    parts: "Sequence[InputError]" = ()
    """The errors that this one stands for; empty for a single error."""

    @classmethod
    def of(cls, key: str, value: object, problem: str, remedy: str) -> Self:
        """Return an error with key, value, problem and remedy in one line."""
        return cls(f"{key}: {_shown(value)} {problem}; {remedy}")

    @property
    def lines(self) -> Sequence[str]:
        """The text of each error."""
        return [line for part in self.parts for line in part.lines] or [super().__str__()]

    def __str__(self) -> str:
        return "\n".join(self.lines)


class SchemaError(InputError):
    """An invalid schema file."""


class SettingsError(InputError):
    """An invalid setting of the stack."""


class PlanError(InputError):
    """An invalid plan, or settings and a schema that do not fit together."""


class Complaints:
    """Collect errors of independent checks, so that a user sees all of them at once."""

    def __init__(self) -> None:
        self._found: list[InputError] = []

    def __bool__(self) -> bool:
        return bool(self._found)

    @contextmanager
    def collect(self) -> Iterator[None]:
        """Keep an InputError of the block, and leave the block; other exceptions propagate."""
        try:
            yield
        except InputError as error:
            self._found += error.parts or [error]

    def finish(self) -> None:
        """Raise the collected errors as one, without repetitions; nothing if there are none."""
        found = list({str(error): error for error in self._found}.values())
        if not found:
            return
        if len(found) == 1:
            raise found[0]
        kinds = {type(error) for error in found}
        whole = (kinds.pop() if len(kinds) == 1 else InputError)("several errors")
        whole.parts = found
        raise whole


class RunError(LoadtestError):
    """A run that failed."""


class ServerError(RunError):
    """A server that refused, disconnected or did not start; `transient` if a retry may help."""

    def __init__(self, message: str, *, transient: bool = False) -> None:
        super().__init__(message)
        self.transient = transient


class StorageError(RunError):
    """A file or a RAM disk that cannot be written."""


class ResultError(RunError):
    """A worker's result that is missing or cannot be read."""


class VerificationError(LoadtestError):
    """Rows that differ from the generated ones."""

    exit_code = ExitCode.DIFFERENCE


def exit_code_of(main: Callable[[], int | None], report: Callable[[str], object]) -> int:
    """Run `main`; report a LoadtestError, in one line per problem, and return its exit code.

    Other exceptions are bugs and propagate.
    """
    try:
        return int(main() or ExitCode.OK)
    except LoadtestError as error:
        for line in error.lines if isinstance(error, InputError) else [str(error)]:
            report(f"error: {visible(line, _PRINTED)}")
        return int(error.exit_code)


def _shown(value: object) -> str:
    """Return the value as the user wrote it, shortened to one line."""
    text = repr(value) if isinstance(value, str) else str(value)
    text = text.replace("\n", "\\n")
    return abbreviated(text, 80)
