"""Read nodes back as whole columns of numbers and texts, which are compared without Python's objects for each cell.

The server takes dates and times apart: the driver's own objects for them cost more than all the rest of a row. A type that
is not the column's becomes text, which differs from every number.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from core.schema.model import Column, Table
from core.schema.types import DOCUMENTS, FLOATS, INTEGERS, STRINGS, Kind
from worker.arrow import arrow_type
from worker.encode.bolt import seconds_and_nanoseconds, with_text
from worker.encode.columns import numbers
from worker.sources.base import Scope, StoredRows
from worker.sources.neo4j.connection import Neo4jSession
from worker.sources.neo4j.ddl import name
from worker.sources.neo4j.reader import within

_NODES = 4_096
"""Nodes per batch that is read back."""
_EPOCH = "localdatetime('1970-01-01T00:00')"
_OTHER = "'of another type'"
_FIRST_DIGIT, _AFTER_DIGITS = "0", "g"
"""The least text of a hexadecimal number, and a text after all of them."""


class _Form(NamedTuple):
    """The form in which cells of a kind are read: Cypher's type, expressions of its parts (`{c}` is the cell), their class."""

    type_: str
    parts: Sequence[str]
    class_: type


_PLAIN = ("{c}",)
_FORMS: Mapping[Kind, _Form] = {
    Kind.BOOL: _Form("", _PLAIN, bool),
    **dict.fromkeys(INTEGERS, _Form("", _PLAIN, int)),
    **dict.fromkeys(FLOATS, _Form("", _PLAIN, float)),
    **dict.fromkeys((*STRINGS, *DOCUMENTS, Kind.DECIMAL, Kind.UUID), _Form("", _PLAIN, str)),
    Kind.DATE: _Form("DATE", ("duration.inDays(date('1970-01-01'), {c}).days",), int),
    Kind.TIME: _Form("LOCAL TIME", ("duration.inSeconds(localtime('00:00'), {c}).nanoseconds",), int),
    **dict.fromkeys(
        (Kind.DATETIME, Kind.TIMESTAMP),
        _Form("LOCAL DATETIME", (f"duration.inSeconds({_EPOCH}, {{c}}).seconds", "{c}.nanosecond"), int),
    ),
    Kind.TIMESTAMP_TZ: _Form("ZONED DATETIME", ("{c}.epochSeconds", "{c}.nanosecond"), int),
}
"""The kinds whose cells are numbers or texts; the others are read as objects."""
_TYPES = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}


def has_columns(table: Table) -> bool:
    """Return whether every cell of the table can be read as numbers or text."""
    return all(column.type.kind in _FORMS for column in table.columns)


def read(session: Neo4jSession, table: Table, scope: Scope) -> Iterator[StoredRows]:
    """Yield the nodes of a scope; a batch with a cell of another type has no key, so that it counts as not equal.

    The driver takes 10 microseconds and more for each record, so a record has the nodes of a range of keys, if that is known.
    """
    key = f"n.{name(table.primary_key)}"
    cells = ", ".join(expression for column in table.columns for expression in _expressions(column))
    row, match = f"size(keys(n)), {cells}", f"MATCH (n:{name(table.name)})"
    ranges = _ranges(session, table, scope)
    if not ranges:
        where, bounds = within(key, scope)
        with closing(session.records(f"{match}{where} RETURN {row}", bounds)) as records:
            while nodes := list(islice(records, _NODES)):
                yield _stored(nodes, table)
        return
    of_range = f"WITH range {match} WHERE {key} >= range[0] AND {key} < range[1] RETURN collect([{row}]) AS nodes"
    query = f"UNWIND $ranges AS range CALL {{ {of_range} }} RETURN nodes"
    with closing(session.records(query, {"ranges": ranges})) as records:
        for (nodes,) in records:
            if nodes:
                yield _stored(nodes, table)
    outside, bounds = _outside(key, scope, ranges)
    if outside and session.rows(f"{match} WHERE {outside} RETURN 1 LIMIT 1", **bounds):
        yield _not_equal(1)


def _ranges(session: Neo4jSession, table: Table, scope: Scope) -> list[tuple[Any, Any]] | None:
    """Return adjacent ranges of keys with about as many nodes as a batch; None if the keys have no known distribution."""
    if scope.keys is not None and table.first_key is not None:
        first = table.first_key + scope.shard.first_row
        stop = first + scope.shard.rows
        return [(low, min(low + _NODES, stop)) for low in range(first, stop, _NODES)]
    if table.key.type.kind is not Kind.UUID:
        return None
    ((count,),) = session.rows(f"MATCH (n:{name(table.name)}) RETURN count(n)")
    batches = count // _NODES + 1
    lows = [_FIRST_DIGIT, *(f"{(place << 32) // batches:08x}" for place in range(1, batches))]
    return list(zip(lows, [*lows[1:], _AFTER_DIGITS], strict=True))


def _outside(key: str, scope: Scope, ranges: Sequence[tuple[Any, Any]]) -> tuple[str, dict[str, Any]]:
    """Return the condition of the nodes of a scope that are in none of the ranges, and its parameters."""
    conditions = []
    first, stop = scope.keys or (None, None)
    types = "IS :: STRING" if scope.keys is None else "IS :: INTEGER"
    if scope.checks_unowned_rows:
        conditions.append(f"{key} IS NULL OR NOT {key} {types}")
    if first is None and (scope.keys is not None or scope.checks_unowned_rows):
        conditions.append(f"{key} < $low")
    if stop is None and (scope.keys is not None or scope.checks_unowned_rows):
        conditions.append(f"{key} >= $high")
    return " OR ".join(conditions), {"low": ranges[0][0], "high": ranges[-1][1]}


def _expressions(column: Column) -> list[str]:
    cell, form = f"n.{name(column.name)}", _FORMS[column.type.kind]
    parts = [part.format(c=cell) for part in form.parts]
    return (
        [f"CASE WHEN {cell} IS :: {form.type_} THEN {part} ELSE {_OTHER} END" for part in parts]
        if form.type_
        else parts
    )


def _stored(nodes: Sequence[Sequence[Any]], table: Table) -> StoredRows:
    sizes, *columns = zip(*nodes, strict=True)
    parts: list[pa.Array] = [pa.array(sizes, pa.int64())]
    keys: pa.Array | None = None
    values = iter(columns)
    for column in table.columns:
        form = _FORMS[column.type.kind]
        for _ in form.parts:
            cells = next(values)
            if not set(map(type, cells)) <= ({form.class_, type(None)} if column.nullable else {form.class_}):
                return _not_equal(len(nodes))
            found = pa.array(cells)
            keys = _keys(found, column) if column.name == table.primary_key else keys
            parts += _comparable(found, column)
    assert keys is not None  # noqa: S101 - the key is a column
    return StoredRows(keys, parts, lambda rows: _expected(rows, table), parse=None)


def _not_equal(rows: int) -> StoredRows:
    """Return rows whose keys are unknown."""
    return StoredRows(pa.nulls(rows, pa.string()), [], lambda _: [], parse=None)


def _keys(found: pa.Array, key: Column) -> pa.Array:
    """Return the keys in the generator's type, if they fit."""
    if key.type.kind not in INTEGERS:
        return found
    try:
        return found.cast(arrow_type(key.type))
    except pa.ArrowInvalid:
        return found


def _comparable(cells: pa.Array, column: Column) -> list[pa.Array]:
    """Return cells without NULL, and for a nullable column which of them are not NULL; floats as their bits."""
    class_ = _FORMS[column.type.kind].class_
    values = cells.cast(_TYPES[class_]).fill_null(class_())
    if class_ is float:
        values = pa.array(numbers(values, "<i8"))
    return [values, cells.is_valid()] if column.nullable else [values]


def _expected(rows: pa.RecordBatch, table: Table) -> list[pa.Array]:
    """Return the parts of generated rows."""
    filled = np.zeros(rows.num_rows, np.int64)
    parts: list[pa.Array] = []
    for column in table.columns:
        cells = rows.column(column.name)
        filled += cells.is_valid().to_numpy(zero_copy_only=False)
        for part in _parts_of(cells, column):
            parts += _comparable(part, column)
    return [pa.array(filled), *parts]


def _parts_of(cells: pa.Array, column: Column) -> list[pa.Array]:
    """Return generated cells as the server's parts of them."""
    kind = column.type.kind
    nulls = cells.is_null().to_numpy(zero_copy_only=False) if cells.null_count else None
    if kind in (Kind.DATETIME, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ):
        return [pa.array(part, mask=nulls) for part in seconds_and_nanoseconds(cells)]
    if kind is Kind.TIME:
        return [pa.array(numbers(cells, "<i8") * 1000, mask=nulls)]
    if kind is Kind.DATE:
        return [pa.array(numbers(cells, "<i4").astype(np.int64), mask=nulls)]
    return [with_text(cells, column.type)]
