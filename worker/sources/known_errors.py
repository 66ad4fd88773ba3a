"""The form of each store's table of known errors: the server's or driver's code, the cause, and the remedy for the user."""

import re
from collections.abc import Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

Code = TypeVar("Code", int, str)

UNKNOWN = "see the server's log"
"""The remedy for an error that the store's table lacks."""


class Known(NamedTuple, Generic[Code]):
    """One known error. If `words`, a regular expression, is not empty, the message has to contain it."""

    code: Code
    cause: str
    remedy: str
    words: str = ""
    transient: bool = False
    """Whether a worker that connects tries again."""


class KnownErrors(Generic[Code]):
    """A store's table of errors."""

    def __init__(self, *entries: Known[Code]) -> None:
        self._by_code: dict[Code, list[Known[Code]]] = {}
        for entry in entries:
            self._by_code.setdefault(entry.code, []).append(entry)

    def __iter__(self) -> Iterator[Known[Code]]:
        return (entry for entries in self._by_code.values() for entry in entries)

    def find(self, code: Code, message: str) -> Known[Code] | None:
        """Return the entry for an error; of several with its code, one whose words are in the message comes first."""
        fitting = [entry for entry in self._by_code.get(code, ()) if re.search(entry.words, message)]
        return min(fitting, key=lambda entry: not entry.words, default=None)


def each(
    codes: Iterable[Code], cause: str, remedy: str, words: str = "", *, transient: bool = False
) -> list[Known[Code]]:
    """Return an entry for each of several codes with the same cause and remedy."""
    return [Known(code, cause, remedy, words, transient) for code in codes]
