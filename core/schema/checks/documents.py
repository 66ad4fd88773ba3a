"""What MongoDB, Kafka and Neo4j cannot hold: refused in the plan, before a server refuses it in the middle of a run.

Sources: mongodb.com, "MongoDB Limits and Thresholds", "Documents"; kafka.apache.org, "Topic Configs", librdkafka's
CONFIGURATION.md; neo4j.com, "Cypher Manual: Lists", "Indexes". Names need no check: a schema's names are letters, digits
and `_`.
"""

from collections.abc import Iterator

from pydantic import JsonValue

from core.schema.generators import Faker, OneOf, RandomBytes, SampleArray, Static, given_values
from core.schema.model import Column, Table
from core.schema.types import DOCUMENTS, TIMESTAMPS, Kind
from core.schema.values import canonical_json, document_of, items_of
from core.units import MIB

LARGEST_DOCUMENT = LARGEST_MESSAGE = 16 * MIB
"""Bytes. MongoDB's own limit of a document; of a message, what the worker's producer and its queue are sized for."""
LONGEST_NEO4J_KEY = 8_160
"""Bytes of a value that Neo4j's range index takes, which each key has; measured on 5.26."""
_DEEPEST = 100
_DECIMAL_DIGITS = 34
_FINER_THAN_MILLISECONDS = (Static, OneOf, SampleArray, Faker)
"""Generators of instants that may have microseconds; the others make whole milliseconds."""
_NO_IDS = (*DOCUMENTS, Kind.ARRAY, Kind.SET)


def mongodb_complaints(table: Table) -> Iterator[str]:
    """Yield what MongoDB cannot hold of a table: where, what, the limit, and a remedy, each in one line."""
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
    yield from _size_complaints(table, "document", LARGEST_DOCUMENT)


def mongodb_warnings(table: Table) -> Iterator[str]:
    """Yield what MongoDB stores in another form than the schema's."""
    for column in table.columns:
        where = f"table {table.name}: column {column.name}"
        type_ = column.type.element or column.type
        if type_.kind is Kind.DECIMAL and (type_.precision or 0) > _DECIMAL_DIGITS:
            yield (
                f"{where}: MongoDB's decimals have {_DECIMAL_DIGITS} digits: "
                f"a decimal({type_.precision},{type_.scale}) is stored as text"
            )
        if type_.kind in TIMESTAMPS and isinstance(column.generator, _FINER_THAN_MILLISECONDS):
            yield f"{where}: MongoDB's dates have milliseconds: finer parts of the schema's values are cut off"


def kafka_complaints(table: Table) -> Iterator[str]:
    """Yield what Kafka cannot hold of a table."""
    if table.name.startswith("__"):
        yield f"table {table.name}: topics whose names begin with __ are Kafka's own; rename the table"
    yield from _size_complaints(table, "message", LARGEST_MESSAGE)


def neo4j_complaints(table: Table) -> Iterator[str]:
    """Yield what Neo4j cannot hold of a table."""
    if (size := largest_value(table.key)) > LONGEST_NEO4J_KEY:
        yield (
            f"table {table.name}: column {table.primary_key}: a key of up to {size:,} bytes is longer than "
            f"{LONGEST_NEO4J_KEY:,}, which Neo4j's index takes; shorten its values, or use another column as the key"
        )
    for column in table.columns:
        if isinstance(column.generator, SampleArray) and None in column.generator.pool:
            yield (
                f"table {table.name}: column {column.name}: a list cannot hold a null, and the generator's pool has one; "
                "remove it from the pool"
            )


def largest_row(table: Table) -> int:
    """Return the bytes that the largest values of a row have at least, as far as the schema alone says."""
    return sum(largest_value(column) for column in table.columns)


def _size_complaints(table: Table, what: str, most: int) -> Iterator[str]:
    if (size := largest_row(table)) > most:
        widest = max(table.columns, key=largest_value)
        yield (
            f"table {table.name}: a {what} of {size:,} bytes or more is larger than {most:,}; shorten the values of column "
            f"{widest.name}, which has up to {largest_value(widest):,}"
        )


def largest_value(column: Column) -> int:
    """Return the bytes that the largest value of a column has, as far as the schema alone says; else 0."""
    generator = column.generator
    match generator:
        case Static():
            return _bytes(generator.value)
        case OneOf():
            return max(map(_bytes, generator.values))
        case SampleArray():
            return generator.max_length * max(map(_bytes, generator.pool))
        case RandomBytes():
            return generator.max_length
        case _:
            return 0


def _bytes(value: JsonValue) -> int:
    """Return the bytes of a value's text; none for a number, which a source may store in fewer than its digits."""
    if isinstance(value, str):
        return len(value.encode())
    return len(canonical_json(value).encode()) if isinstance(value, list | dict) else 0


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
