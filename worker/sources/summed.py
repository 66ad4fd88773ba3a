"""The text of a row that a server and we hash alike, so that the sum over all rows tells whether they are the same.

A row is its cells, commas between: `-` for NULL, else the length in characters, a colon and the text. Its hash is the
first 60 bits of the text's MD5, which every SQL server computes; the sum is taken modulo 2**64. Floats are the
hexadecimal digits of their bits; lists, jsonb and points are spelled by each server in its own way, and not summed.
"""

import hashlib
from typing import Any

import pyarrow as pa

from spec.schema import Table
from spec.types import DataType, Kind
from worker.encode import text
from worker.encode.columns import block, numbers
from worker.encode.pieces import Piece, join, with_nulls

_UNSUMMED = (Kind.ARRAY, Kind.SET, Kind.JSONB, Kind.POINT)


def is_summable(table: Table) -> bool:
    """Whether every column has a spelling that servers share."""
    return not any(column.type.kind in _UNSUMMED for column in table.columns)


def total_of(table: Table, batch: pa.RecordBatch) -> int:
    """The sum of the rows' hashes; the batch is as the source holds it."""
    cells = [_cell(batch.column(column.name), column.type) for column in table.columns]
    total = 0
    for row in zip(*cells, strict=True):
        spelled = ",".join("-" if cell is None else f"{len(cell)}:{cell}" for cell in row)
        total += int(hashlib.md5(spelled.encode(), usedforsecurity=False).hexdigest()[:15], 16)
    return total % 2**64


def _cell(column: Any, type_: DataType) -> list[str | None]:
    written = pa.array(join(_pieces(column, type_), len(column))).cast(pa.string())
    absent = column.is_null().to_pylist()
    return [None if missing else cell for cell, missing in zip(written.to_pylist(), absent, strict=True)]


def _pieces(column: Any, type_: DataType) -> list[Piece]:
    if type_.kind in text.FLOATS:
        stored, sent = ("<u4", ">u4") if type_.kind is Kind.FLOAT32 else ("<u8", ">u8")
        bits = block(numbers(column, stored), sent)
        width = bits.shape[1]
        spelled = text.hexadecimal(pa.array(list(map(bytes, bits)), pa.binary(width)).cast(pa.binary()), type_)
        return list(with_nulls(spelled, column))
    return list(with_nulls(text.WRITERS[type_.kind](column, type_), column))
