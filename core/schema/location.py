"""The location of an error in a schema file, with its line, and the text of its remedy."""

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from core.errors import InputError, Problem, SchemaError
from core.schema.yaml_text import line_of
from core.text import listed


@dataclass(frozen=True)
class Location:
    """A schema file, or a table or column in it."""

    origin: str
    table: str = ""
    column: str = ""
    parsed: dict[tuple[str, str], object] = field(default_factory=dict, compare=False, repr=False)
    """The parsed file, tables and columns by their names; shared by all locations of a file."""

    def remember(self, value: object) -> None:
        """Keep the parsed value of this place, from which errors get their lines."""
        self.parsed[self.table, self.column] = value

    def in_table(self, table: str) -> "Location":
        """Return the location of a table in the same file."""
        return replace(self, table=table, column="")

    def in_column(self, column: str) -> "Location":
        """Return the location of a column in the same table."""
        return replace(self, column=column)

    def error(self, key: str, value: object, problem: str, remedy: str, at: str = "") -> InputError:
        """Return a SchemaError with location, key, value, problem and remedy; `at` is the path of its line, else the key."""
        return SchemaError.of(
            f"{self.at(at or key)}: {key}", value if isinstance(value, str) else _AsWritten(value), problem, remedy
        )

    def error_of(self, key: str, value: object, found: Problem) -> InputError:
        """Return a SchemaError for a problem with the value of a key."""
        return self.error(key, value, found.problem, found.remedy)

    def missing(self, key: str, remedy: str) -> SchemaError:
        """Return a SchemaError for a missing key."""
        return SchemaError(f"{self.at(key)}: {key} is missing; {remedy}")

    def at(self, key: str = "") -> str:
        """Return the location as text, with the line of a key such as `generator.type` if the file is known."""
        for place in ((self.table, self.column), (self.table, ""), ("", "")):
            line = line_of(self.parsed.get(place), key.split("."))
            if line is not None:
                return self._text(f"{self.origin}:{line}")
        return self._text(self.origin)

    def __str__(self) -> str:
        return self.at()

    def _text(self, origin: str) -> str:
        parts = [origin]
        parts += [f"table {self.table}"] if self.table else []
        parts += [f"column {self.column}"] if self.column else []
        return ": ".join(part for part in parts if part)


class _AsWritten:
    """Formats a value as YAML writes it: `true`, not `True`."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __str__(self) -> str:
        return json.dumps(self._value, ensure_ascii=False, default=str)


def remedy_for(wrong: str, known: Iterable[str]) -> str:
    """Return a remedy: the known word that is nearest to a wrong one, or all known words."""
    words = list(dict.fromkeys(known))
    near = difflib.get_close_matches(wrong.lower(), words, n=1)
    return f"did you mean {near[0]}?" if near else f"write one of {listed(words)}"
