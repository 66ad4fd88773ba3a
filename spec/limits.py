"""What a source cannot hold of a schema, by source: refused in the plan."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from spec import mysql_limits
from spec.errors import PlanError
from spec.schema import Table

LIMITS: Mapping[str, Callable[[Table], Iterator[str]]] = {"mysql": mysql_limits.complaints}
"""By source: what it cannot hold of a table."""


def check_limits(source: str, tables: Iterable[Table]) -> None:
    """Raise PlanError with everything that the source cannot hold, in one line."""
    check = LIMITS.get(source)
    found = [complaint for table in tables for complaint in check(table)] if check else []
    if found:
        raise PlanError(f"source: {source!r} cannot hold the schema: {' | '.join(found)}")
