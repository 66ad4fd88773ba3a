"""Sum the hashes of rows as an SQL server computes them, to compare all rows without reading them.

A row is its cells, commas between: `-` for NULL, else the length in characters, a colon and the text. Its hash is the
first 60 bits of the text's MD5, which every SQL server computes; the sum is taken modulo 2**64. Floats are the
hexadecimal digits of their bits. Tables with lists, jsonb or points are not summed, because
each server spells these differently.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from core.schema.model import Table
from core.schema.types import FLOATS, DataType, Kind
from worker.arrow import equal_width
from worker.encode import text
from worker.encode.columns import Piece, block, join, keep_nulls, numbers

_UNUSED_BITS = 4


def total_of(table: Table, batch: pa.RecordBatch) -> int:
    """Return the sum of the rows' hashes; the batch has the values as the store returns them."""
    cells = [_cell(batch.column(column.name), column.type) for column in table.columns]
    rows = pc.binary_join_element_wise(*cells, ",").cast(pa.binary()).to_pylist()
    digests = (hashlib.md5(row, usedforsecurity=False).digest() for row in rows)
    return sum(int.from_bytes(digest[:8]) >> _UNUSED_BITS for digest in digests) % 2**64


def _cell(column: Any, type_: DataType) -> pa.Array:
    written = join(_pieces(column, type_), len(column)).cast(pa.string())
    present = pc.binary_join_element_wise(pc.utf8_length(written).cast(pa.string()), written, ":")
    return pc.if_else(column.is_valid(), present, "-")


def _pieces(column: Any, type_: DataType) -> Sequence[Piece]:
    if type_.kind in FLOATS:
        stored, sent = ("<u4", ">u4") if type_.kind is Kind.FLOAT32 else ("<u8", ">u8")
        return text.hexadecimal(equal_width(block(numbers(column, stored), sent), pa.binary()), type_)
    return keep_nulls(text.WRITERS[type_.kind](column, type_), column)
