"""Names of tables and columns: what all seven targets take, as a table, a label, a topic, a field and a file."""

import re

from core.schema.location import Place

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_REMEDY = "write letters, digits and underscores, at most 63, not beginning with a digit"


def checked_name(place: Place, key: str, name: str) -> str:
    """The name itself; raises SchemaError for one that some target cannot have. Keywords of SQL are quoted, so fine."""
    if not _NAME.fullmatch(name):
        raise place.error(key, name, "cannot be a name in every target", _REMEDY)
    return name


def refuse_repeats(place: Place, key: str, names: list[str]) -> None:
    """Refuse a name that stands twice; upper and lower case are one, as they are for MySQL."""
    seen: dict[str, str] = {}
    for name in names:
        if name.lower() in seen:
            raise place.error(key, name, f"stands twice (as {seen[name.lower()]!r})", "give each a name of its own")
        seen[name.lower()] = name
