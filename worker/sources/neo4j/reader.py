"""Read nodes back, with the driver's values as Python's own."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from itertools import islice
from typing import Any

import pyarrow as pa

from core.schema.model import Table
from core.schema.types import DataType
from worker.sources.base import Scope
from worker.sources.neo4j.connection import Neo4jSession
from worker.sources.neo4j.ddl import name
from worker.sources.neo4j.types import python_value
from worker.sources.text_columns import columns_of_objects

_NODES = 1_024
"""Nodes per batch that is read back. Each is a record, which takes the driver 10 microseconds and more."""


def read(session: Neo4jSession, table: Table, scope: Scope) -> Iterator[pa.RecordBatch]:
    """Yield the nodes of a scope; a node whose key is not a number is read by one worker of the table.

    Reads are not isolated: a node that another worker is deleting may be returned without any property. So nodes without a
    key are read a second time at the end, when deleted ones are gone.
    """
    key = f"n.{name(table.primary_key)}"
    where, bounds = within(key, scope)
    # Return properties and not nodes: the driver stores every node that it returns until the result ends.
    nodes = f"MATCH (n:{name(table.name)})"
    values = f"RETURN properties(n), CASE WHEN {key} IS NULL THEN elementId(n) END"
    keyless: list[str] = []
    with closing(session.records(f"{nodes}{where} {values}", bounds)) as records:
        yield from batches(_with_key(records, keyless), table)
    if keyless:
        remaining = session.run(f"{nodes} WHERE elementId(n) IN $keyless RETURN properties(n)", {"keyless": keyless})
        yield from batches(remaining, table)


def batches(records: Iterable[Any], table: Table) -> Iterator[pa.RecordBatch]:
    """Yield batches of rows from records whose first value is a node's properties; a NULL is not a property."""
    types = {column.name: column.type for column in table.columns}
    remaining = iter(records)
    while nodes := [record[0] for record in islice(remaining, _NODES)]:
        yield columns_of_objects([_row(dict(node), types) for node in nodes], table)


def within(key: str, scope: Scope) -> tuple[str, dict[str, Any]]:
    """Return the condition for a scope's keys, if any, and its parameters."""
    first, stop = scope.keys or (None, None)
    bounds = {"first": first, "stop": stop}
    signs = {"first": ">=", "stop": "<"}
    conditions = [f"{key} {signs[bound]} ${bound}" for bound, value in bounds.items() if value is not None]
    if not conditions:
        return "", {}
    where = " WHERE " + " AND ".join(conditions)
    if scope.checks_unowned_rows:
        # Only NaN differs from itself.
        where += f" OR {key} IS NULL OR {key} <> {key} OR NOT ({key} IS :: INTEGER OR {key} IS :: FLOAT)"
    return where, bounds


def _with_key(records: Iterable[Any], keyless: list[str]) -> Iterator[Any]:
    """Yield the records of nodes that have a key; add the element ids of the others to `keyless`."""
    for record in records:
        if record[1] is None:
            yield record
        else:
            keyless.append(record[1])


def _row(properties: Mapping[str, Any], types: Mapping[str, DataType]) -> dict[str, Any]:
    known = {column: python_value(properties.get(column), type_) for column, type_ in types.items()}
    return {**properties, **known}
