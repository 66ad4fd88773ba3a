"""Where in which schema file something stands: what every error about a schema begins with."""

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice

from core.errors import InputError, Problem, SchemaError

_MOST_LISTED = 30


@dataclass(frozen=True)
class Place:
    """A file, or a table or a column in it."""

    origin: str
    table: str = ""
    column: str = ""

    def in_table(self, table: str) -> "Place":
        """The same file, in this table."""
        return replace(self, table=table, column="")

    def in_column(self, column: str) -> "Place":
        """The same table, in this column."""
        return replace(self, column=column)

    def error(self, key: str, value: object, problem: str, remedy: str) -> InputError:
        """A SchemaError that names the place, the key, the value and what to write instead."""
        return SchemaError.of(f"{self}: {key}", value if isinstance(value, str) else _AsWritten(value), problem, remedy)

    def error_of(self, key: str, value: object, found: Problem) -> InputError:
        """Return a SchemaError for a problem with the value of a key."""
        return self.error(key, value, found.problem, found.remedy)

    def missing(self, key: str, remedy: str) -> SchemaError:
        """A SchemaError for a key that is not there."""
        return SchemaError(f"{self}: {key} is missing; {remedy}")

    def __str__(self) -> str:
        parts = [self.origin]
        parts += [f"table {self.table}"] if self.table else []
        parts += [f"column {self.column}"] if self.column else []
        return ": ".join(part for part in parts if part)


class _AsWritten:
    """A value of the file as the file would have it: `true`, not `True`."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __str__(self) -> str:
        return json.dumps(self._value, ensure_ascii=False, default=str)


def remedy_for(wrong: str, known: Iterable[str]) -> str:
    """The known word that is nearest to a wrong one, or all of them."""
    words = list(dict.fromkeys(known))
    near = difflib.get_close_matches(wrong.lower(), words, n=1)
    return f"did you mean {near[0]}?" if near else f"write one of {listed(words)}"


def listed(words: Iterable[str]) -> str:
    """The words with commas between them; of very many, the first."""
    first = list(islice(words, _MOST_LISTED + 1))
    return ", ".join(first[:_MOST_LISTED]) + (" ..." if len(first) > _MOST_LISTED else "")
