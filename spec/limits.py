"""What a source cannot hold of a schema, by source, refused in the plan; and what it holds in another form, a warning."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from spec import document_limits, losses, mysql_limits, postgresql_limits
from spec.errors import PlanError
from spec.schema import Table

LIMITS: Mapping[str, Callable[[Table], Iterator[str]]] = {
    "mysql": mysql_limits.complaints,
    "postgresql": postgresql_limits.complaints,
    "mongodb": document_limits.mongodb_complaints,
    "kafka": document_limits.kafka_complaints,
    "neo4j": document_limits.neo4j_complaints,
}
"""By source: what it cannot hold of a table."""
WARNINGS: Mapping[str, Sequence[Callable[[Table], Iterator[str]]]] = {
    "mysql": (losses.mysql,),
    "postgresql": (postgresql_limits.warnings, losses.postgresql),
    "mongodb": (document_limits.mongodb_warnings, losses.mongodb),
}
"""By source: what it stores of a table in another form, or may refuse."""


def check_limits(source: str, tables: Iterable[Table]) -> None:
    """Raise PlanError with everything that the source cannot hold, in one line."""
    check = LIMITS.get(source)
    found = [complaint for table in tables for complaint in check(table)] if check else []
    if found:
        raise PlanError(f"source: {source!r} cannot hold the schema: {' | '.join(found)}")


def limit_warnings(source: str, tables: Iterable[Table]) -> list[str]:
    """Return what the source stores in another form than the schema's, or may refuse, each in one line."""
    return [warning for table in tables for warn in WARNINGS.get(source, ()) for warning in warn(table)]
