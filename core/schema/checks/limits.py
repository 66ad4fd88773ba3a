"""What a source cannot hold of a schema, by source, refused in the plan; and what it holds in another form, a warning."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from pydantic import JsonValue

from core.errors import PlanError
from core.schema.checks import documents, mysql, postgresql
from core.schema.generators import given_values
from core.schema.model import Column, Table
from core.schema.types import DOCUMENTS, DataType, Kind
from core.schema.values import document_of, items_of

_DOUBLE_DIGITS = 15
"""Of a decimal, which a double gives back unchanged."""
_LONGEST_CHAR = 255

LIMITS: Mapping[str, Callable[[Table], Iterator[str]]] = {
    "mysql": mysql.complaints,
    "postgresql": postgresql.complaints,
    "mongodb": documents.mongodb_complaints,
    "kafka": documents.kafka_complaints,
    "neo4j": documents.neo4j_complaints,
}
"""By source: what it cannot hold of a table."""


def check_limits(source: str, tables: Iterable[Table]) -> None:
    """Raise PlanError with everything that the source cannot hold, in one line."""
    check = LIMITS.get(source)
    found = [complaint for table in tables for complaint in check(table)] if check else []
    if found:
        raise PlanError(f"source: {source!r} cannot hold the schema: {' | '.join(found)}")


def limit_warnings(source: str, tables: Iterable[Table]) -> list[str]:
    """Return what the source stores in another form than the schema's, or may refuse, each in one line."""
    return [warning for table in tables for warn in WARNINGS.get(source, ()) for warning in warn(table)]


def _mysql_losses(table: Table) -> Iterator[str]:
    """Yield what MySQL stores in another form than the schema's."""
    for column in table.columns:
        where = f"table {table.name}: column {column.name}"
        element = column.type.element
        if element is not None and element.kind is Kind.DECIMAL and (element.precision or 0) > _DOUBLE_DIGITS:
            yield (
                f"{where}: MySQL's JSON arrays hold decimals as doubles, of {_DOUBLE_DIGITS} digits: a "
                f"decimal({element.precision},{element.scale}) is rounded"
            )
        if column.type.kind is Kind.CHAR and (column.type.length or 0) <= _LONGEST_CHAR:
            yield from (f"{where}: {said}" for said in _spaces(column, column.type, "MySQL"))
        yield from (f"{where}: {said}" for said in _large_numbers(column, -(2**63), 2**64 - 1, "MySQL"))


def _postgresql_losses(table: Table) -> Iterator[str]:
    """Yield what PostgreSQL stores in another form than the schema's."""
    for column in table.columns:
        type_ = column.type.element or column.type
        where = f"table {table.name}: column {column.name}"
        yield from (f"{where}: {said}" for said in _spaces(column, type_, "PostgreSQL"))


def _mongodb_losses(table: Table) -> Iterator[str]:
    """Yield what MongoDB stores in another form than the schema's, beside dates and decimals."""
    for column in table.columns:
        where = f"table {table.name}: column {column.name}"
        yield from (f"{where}: {said}" for said in _large_numbers(column, -(2**63), 2**63 - 1, "MongoDB"))


def _spaces(column: Column, type_: DataType, server: str) -> Iterator[str]:
    if type_.kind is Kind.CHAR and any(
        isinstance(value, str) and value.endswith(" ") for value in given_values(column.generator)
    ):
        yield f"{server} pads a char with spaces: those at the end of the schema's values are lost; use varchar"


def _large_numbers(column: Column, low: int, high: int, server: str) -> Iterator[str]:
    if column.type.kind not in DOCUMENTS:
        return
    numbers = (number for value in given_values(column.generator) for number in _numbers(document_of(value)))
    if any(not low <= number <= high for number in numbers):
        yield f"{server}'s JSON numbers beyond 64 bits are doubles: larger numbers of the schema's values are rounded"


def _numbers(value: JsonValue) -> Iterator[int]:
    if isinstance(value, int):
        yield value
    for item in items_of(value):
        yield from _numbers(item)


WARNINGS: Mapping[str, Sequence[Callable[[Table], Iterator[str]]]] = {
    "mysql": (_mysql_losses,),
    "postgresql": (postgresql.warnings, _postgresql_losses),
    "mongodb": (documents.mongodb_warnings, _mongodb_losses),
}
"""By source: what it stores of a table in another form, or may refuse."""
