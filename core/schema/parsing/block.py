"""A mapping of a schema file with its location, so that errors name file, table, column and key."""

import re

from core.errors import Complaints
from core.schema.location import Location, remedy_for

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_NAME_REMEDY = "write letters, digits and underscores, at most 63, not beginning with a digit"


class Block:
    """A mapping whose keys are read one by one; `close` refuses the keys that were not read."""

    def __init__(self, location: Location, key: str, value: object) -> None:
        if not isinstance(value, dict):
            raise location.error(key, value, "is not a mapping", "write its keys below it, indented")
        location.parsed.setdefault((location.table, location.column), value)
        self.location = location
        self._key = key
        self._values: dict[str, object] = value
        self._asked: list[str] = []

    def rename(self, location: Location) -> None:
        """Use the location with the name that the block has, once that is known."""
        location.remember(self._values)
        self.location = location

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def take(self, key: str, default: object = None) -> object:
        """Return the value of `key`, or the default if it is absent."""
        self._asked.append(key)
        return self._values.get(key, default)

    def mark_known(self, *keys: str) -> None:
        """Count keys as read, so that `close` accepts them although reading stopped at an error."""
        self._asked += keys

    def require(self, key: str, remedy: str) -> object:
        """Return the value of `key`; raises SchemaError if it is absent or empty."""
        value = self.take(key)
        if value is None:
            raise self.location.missing(key, remedy)
        return value

    def text(self, key: str, remedy: str) -> str:
        """Return the text of `key`; raises SchemaError if it is absent."""
        value = self.require(key, remedy)
        if not isinstance(value, str):
            raise self.location.error(key, value, "is not text", remedy)
        return value

    def flag(self, key: str) -> bool | None:
        """Return the boolean of `key`, or None if it is absent."""
        value = self.take(key)
        if value is not None and not isinstance(value, bool):
            raise self.location.error(key, value, "is neither true nor false", "write true or false")
        return value

    def ratio(self, key: str) -> float:
        """Return the number from 0 to 1 of `key`, or 0 if it is absent."""
        value = self.take(key, 0.0)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise self.location.error(key, value, "is not a ratio", "write a number from 0 to 1, like 0.1")
        return float(value)

    def items(self, key: str, remedy: str) -> list[object]:
        """Return the list of `key`; raises SchemaError if it is absent or has no items."""
        value = self.require(key, remedy)
        if not isinstance(value, list) or not value:
            raise self.location.error(key, value, "is not a list with items", remedy)
        return value

    def close(self) -> None:
        """Raise SchemaError for the keys that were not read."""
        complaints = Complaints()
        for key in self._values:
            if key not in self._asked:
                with complaints.collect():
                    remedy = remedy_for(key, self._asked)
                    raise self.location.error(self._key, key, "is not a known key", remedy, at=self._path_of(key))
        complaints.finish()

    def _path_of(self, key: str) -> str:
        """Return the path of one of the keys, from the value that the location has."""
        known = self.location.parsed.get((self.location.table, self.location.column))
        return key if known is self._values else f"{self._key}.{key}"


def checked_name(location: Location, key: str, name: str) -> str:
    """Return the name; raises SchemaError if a store does not accept it. SQL keywords are allowed, because they are quoted."""
    if not _NAME.fullmatch(name):
        raise location.error(key, name, "is not a valid name in every store", _NAME_REMEDY)
    return name


def refuse_repeats(location: Location, key: str, names: list[str]) -> None:
    """Raise SchemaError for a duplicate name; case is ignored, as in MySQL."""
    seen: dict[str, str] = {}
    complaints = Complaints()
    for name in names:
        if name.lower() in seen:
            with complaints.collect():
                problem = f"is duplicated (as {seen[name.lower()]!r})"
                raise location.error(key, name, problem, "give each a name of its own", at=f"{key}.{len(seen)}")
        seen[name.lower()] = name
    complaints.finish()
