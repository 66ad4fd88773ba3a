"""Collections read back: a cursor over documents, decoded by the driver."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import bson
import pyarrow as pa
from bson.codec_options import DatetimeConversion
from bson.decimal128 import Decimal128
from pymongo.collection import Collection

from core.schema.model import Table
from core.schema.types import DOCUMENTS, TIMESTAMPS, DataType, Kind
from worker.sources import lossy_types
from worker.sources.base import Scope
from worker.sources.objects_text import texts_of

_ROWS = 4_096
_WHOLE_NUMBERS = lossy_types.large_numbers(-(2**63), 2**63 - 1)


def read(collection: "Collection[dict[str, Any]]", table: Table, scope: Scope) -> Iterator[pa.RecordBatch]:
    """The documents of a scope's keys; of a key that is no consecutive number, the whole collection.

    A key that is no number, or NaN, is in no span: the worker that leads reads it.
    """
    options = collection.codec_options.with_options(datetime_conversion=DatetimeConversion.DATETIME_AUTO)
    chosen: dict[str, Any] = {}
    first, stop = scope.keys or (None, None)
    bounds = {sign: bson.Int64(bound) for sign, bound in (("$gte", first), ("$lt", stop)) if bound is not None}
    if bounds:
        chosen = {"_id": bounds}
        if scope.checks_unowned_rows:
            chosen = {"$or": [chosen, {"_id": {"$not": {"$type": "number"}}}, {"_id": float("nan")}]}
    with collection.with_options(codec_options=options).find(chosen, batch_size=_ROWS) as cursor:
        while documents := list(islice(cursor, _ROWS)):
            yield texts_of([_row(document, table) for document in documents], table)


def as_stored(type_: DataType, values: pa.Array) -> pa.Array:
    """Milliseconds, and JSON numbers of 64 bits."""
    if type_.kind in TIMESTAMPS:
        return lossy_types.milliseconds(values)
    if type_.kind in DOCUMENTS:
        return _WHOLE_NUMBERS(values)
    if type_.kind is Kind.ARRAY and type_.element is not None and type_.element.kind in TIMESTAMPS:
        return lossy_types.elements(values, lossy_types.milliseconds)
    return values


def _row(document: dict[str, Any], table: Table) -> dict[str, Any]:
    return {table.primary_key if name == "_id" else name: _value(value) for name, value in document.items()}


def _value(value: Any) -> Any:
    """What the driver has classes of its own for; a date of no year that Python knows stays milliseconds."""
    if isinstance(value, Decimal128):
        return value.to_decimal()
    if isinstance(value, list):
        return [_value(item) for item in value]
    return value if not isinstance(value, bson.DatetimeMS) else f"{int(value)} ms"
