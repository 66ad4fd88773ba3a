"""Find what MongoDB cannot store, so that the plan is refused before the server refuses it during a run.

Source: mongodb.com, "MongoDB Limits and Thresholds", "Documents". Names need no check: a schema's names are letters, digits
and `_`.
"""

from collections.abc import Iterator

from pydantic import JsonValue

from core.schema.checks.listed_values import number_warnings, size_complaints
from core.schema.generators import Faker, OneOf, SampleArray, Static, given_values
from core.schema.model import Column, Table
from core.schema.types import DOCUMENTS, TIMESTAMPS, Kind
from core.schema.values import document_of, items_of
from core.units import MIB

LARGEST_DOCUMENT = 16 * MIB
_DEEPEST = 100
DECIMAL_DIGITS = 34
"""The most digits of a Decimal128; a longer decimal is stored as text."""
INT64 = range(-(2**63), 2**63)
"""The whole numbers that a document stores as they are; others become doubles."""
_FINER_THAN_MILLISECONDS = (Static, OneOf, SampleArray, Faker)
"""Generators of instants that may have microseconds; the others give whole milliseconds."""
_NO_IDS = (*DOCUMENTS, Kind.ARRAY, Kind.SET)


def complaints(table: Table) -> Iterator[str]:
    """Yield one line, with the limit and a remedy, for each reason why MongoDB cannot store the table."""
    for column in table.columns:
        where = f"table {table.name}: column {column.name}"
        if column.name == "_id" and column.name != table.primary_key:
            yield (
                f"{where}: _id is where MongoDB stores the primary key, which is {table.primary_key!r}; rename the column, "
                "or make it the primary key"
            )
        if column.name == table.primary_key and column.type.kind in _NO_IDS:
            yield f"{where}: {column.type.kind} cannot be a primary key; use another column as the key"
        if column.type.kind in DOCUMENTS:
            yield from (f"{where}: {complaint}" for complaint in _json_complaints(column))
    yield from size_complaints(table, "document", LARGEST_DOCUMENT)


def warnings(table: Table) -> Iterator[str]:
    """Yield warnings about values that MongoDB changes."""
    for column in table.columns:
        where = f"table {table.name}: column {column.name}"
        type_ = column.type.element or column.type
        if type_.kind is Kind.DECIMAL and (type_.precision or 0) > DECIMAL_DIGITS:
            yield (
                f"{where}: MongoDB's decimals have {DECIMAL_DIGITS} digits: "
                f"a decimal({type_.precision},{type_.scale}) is stored as text"
            )
        if type_.kind in TIMESTAMPS and isinstance(column.generator, _FINER_THAN_MILLISECONDS):
            yield f"{where}: MongoDB's dates have milliseconds: finer parts of the schema's values are cut off"
        yield from (f"{where}: {warning}" for warning in number_warnings(column, INT64, "MongoDB"))


def _json_complaints(column: Column) -> Iterator[str]:
    documents = [document_of(value) for value in given_values(column.generator)]
    if any("\0" in name for document in documents for name in _field_names(document)):
        yield "a field's name has the character U+0000, which ends a name; use another character"
    if any(_depth(document) >= _DEEPEST for document in documents):
        yield f"a value is nested {_DEEPEST} levels deep or deeper, with the document around it; flatten it"


def _field_names(value: JsonValue) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    for item in items_of(value):
        yield from _field_names(item)


def _depth(value: JsonValue) -> int:
    return 1 + max(map(_depth, items_of(value)), default=0) if isinstance(value, list | dict) else 0
