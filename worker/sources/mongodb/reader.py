"""Read collections back by a cursor over documents, which the driver decodes."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import bson
import pyarrow as pa
from bson.codec_options import DatetimeConversion
from bson.decimal128 import Decimal128
from pymongo.collection import Collection

from core.schema.model import Table
from worker.sources.base import Scope
from worker.sources.text_columns import columns_of_objects

_ROWS = 4_096


def read(collection: "Collection[dict[str, Any]]", table: Table, scope: Scope) -> Iterator[pa.RecordBatch]:
    """Yield the documents of a scope's keys, or of the whole collection if its keys are not consecutive numbers.

    A key that is NaN or not a number is in no span; one worker of the table reads it.
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
            yield columns_of_objects([_row(document, table) for document in documents], table)


def _row(document: dict[str, Any], table: Table) -> dict[str, Any]:
    return {table.primary_key if name == "_id" else name: _value(value) for name, value in document.items()}


def _value(value: Any) -> Any:
    """Return Python's value for the driver's own classes; a date outside the years of Python is shown in milliseconds."""
    if isinstance(value, Decimal128):
        return value.to_decimal()
    if isinstance(value, list):
        return [_value(item) for item in value]
    return value if not isinstance(value, bson.DatetimeMS) else f"{int(value)} ms"
