"""What a source cannot hold of a schema, by source, refused in the plan; and what it holds in another form, a warning."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from core.errors import PlanError
from core.schema.checks import documents, lossy, mysql, postgresql
from core.schema.model import Table

LIMITS: Mapping[str, Callable[[Table], Iterator[str]]] = {
    "mysql": mysql.complaints,
    "postgresql": postgresql.complaints,
    "mongodb": documents.mongodb_complaints,
    "kafka": documents.kafka_complaints,
    "neo4j": documents.neo4j_complaints,
}
"""By source: what it cannot hold of a table."""
WARNINGS: Mapping[str, Sequence[Callable[[Table], Iterator[str]]]] = {
    "mysql": (lossy.mysql,),
    "postgresql": (postgresql.warnings, lossy.postgresql),
    "mongodb": (documents.mongodb_warnings, lossy.mongodb),
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
