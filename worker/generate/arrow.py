"""The Arrow type of each kind of column: what every encoder and every source can rely on."""

from collections.abc import Mapping

import pyarrow as pa

from core.schema.model import Table
from core.schema.types import DataType, Kind

_PLAIN: Mapping[Kind, pa.DataType] = {
    Kind.BOOL: pa.bool_(),
    Kind.INT8: pa.int8(),
    Kind.INT16: pa.int16(),
    Kind.INT32: pa.int32(),
    Kind.INT64: pa.int64(),
    Kind.FLOAT32: pa.float32(),
    Kind.FLOAT64: pa.float64(),
    Kind.CHAR: pa.string(),
    Kind.VARCHAR: pa.string(),
    Kind.TEXT: pa.string(),
    Kind.ENUM: pa.string(),
    Kind.ULID: pa.string(),
    Kind.JSON: pa.string(),
    Kind.JSONB: pa.string(),
    Kind.BLOB: pa.binary(),
    Kind.BYTES: pa.binary(),
    Kind.UUID: pa.binary(16),
    Kind.DATE: pa.date32(),
    Kind.TIME: pa.time64("us"),
    Kind.DATETIME: pa.timestamp("us"),
    Kind.TIMESTAMP: pa.timestamp("us"),
    Kind.TIMESTAMP_TZ: pa.timestamp("us", "UTC"),
    Kind.DURATION: pa.duration("us"),
    Kind.SET: pa.list_(pa.string()),
    Kind.POINT: pa.struct([("x", pa.float64()), ("y", pa.float64())]),
}


def arrow_type(type_: DataType) -> pa.DataType:
    """The Arrow type that columns of this type are generated in."""
    if type_.kind is Kind.DECIMAL:
        return pa.decimal128(type_.precision, type_.scale)
    if type_.kind is Kind.ARRAY:
        assert type_.element is not None  # noqa: S101 - DataType has checked it
        return pa.list_(arrow_type(type_.element))
    return _PLAIN[type_.kind]


def arrow_schema(table: Table) -> pa.Schema:
    """The table's columns as Arrow fields; each carries its kind as metadata `kind`."""
    return pa.schema(
        [
            pa.field(column.name, arrow_type(column.type), column.nullable, {"kind": str(column.type.kind)})
            for column in table.columns
        ]
    )
