"""A mapping of a schema file that knows where it stands, so that every error names file, table, column and key."""

import re

from core.schema.location import Place, remedy_for

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_NAME_REMEDY = "write letters, digits and underscores, at most 63, not beginning with a digit"


class Block:
    """A mapping whose keys are asked for one by one; `close` refuses those that nobody asked for."""

    def __init__(self, place: Place, key: str, value: object) -> None:
        if not isinstance(value, dict):
            raise place.error(key, value, "is not a mapping", "write its keys below it, indented")
        self.place = place
        self._key = key
        self._values: dict[str, object] = value
        self._asked: list[str] = []

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def take(self, key: str, default: object = None) -> object:
        """The value of `key`, or the default where it is absent."""
        self._asked.append(key)
        return self._values.get(key, default)

    def require(self, key: str, remedy: str) -> object:
        """The value of `key`; raises SchemaError where it is absent or empty."""
        value = self.take(key)
        if value is None:
            raise self.place.missing(key, remedy)
        return value

    def text(self, key: str, remedy: str) -> str:
        """The text at `key`, which must be there."""
        value = self.require(key, remedy)
        if not isinstance(value, str):
            raise self.place.error(key, value, "is not text", remedy)
        return value

    def flag(self, key: str) -> bool | None:
        """True or false at `key`, or None where it is absent."""
        value = self.take(key)
        if value is not None and not isinstance(value, bool):
            raise self.place.error(key, value, "is neither true nor false", "write true or false")
        return value

    def ratio(self, key: str) -> float:
        """A number from 0 to 1 at `key`, 0 where it is absent."""
        value = self.take(key, 0.0)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise self.place.error(key, value, "is not a ratio", "write a number from 0 to 1, like 0.1")
        return float(value)

    def items(self, key: str, remedy: str) -> list[object]:
        """The list at `key`, which must have at least one item."""
        value = self.require(key, remedy)
        if not isinstance(value, list) or not value:
            raise self.place.error(key, value, "is not a list with items", remedy)
        return value

    def close(self) -> None:
        """Refuse the keys that nobody asked for."""
        for key in self._values:
            if key not in self._asked:
                raise self.place.error(self._key, key, "is not a known key", remedy_for(key, self._asked))


def checked_name(place: Place, key: str, name: str) -> str:
    """The name itself; raises SchemaError for one that some target cannot have. Keywords of SQL are quoted, so fine."""
    if not _NAME.fullmatch(name):
        raise place.error(key, name, "cannot be a name in every target", _NAME_REMEDY)
    return name


def refuse_repeats(place: Place, key: str, names: list[str]) -> None:
    """Refuse a name that is duplicated; upper and lower case are one, as they are for MySQL."""
    seen: dict[str, str] = {}
    for name in names:
        if name.lower() in seen:
            raise place.error(key, name, f"is duplicated (as {seen[name.lower()]!r})", "give each a name of its own")
        seen[name.lower()] = name
