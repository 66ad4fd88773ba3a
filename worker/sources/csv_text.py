"""Parse CSV into columns of text: by Arrow's reader, and field by field for a block with a row that it refuses."""

import io
import re
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from pyarrow import csv

ABSENT = "(absent)"
"""Placeholder for a field that a row does not have."""
_FIELD = re.compile(rb'"((?:[^"]|"")*)"(?=,|\r?\n|$)|([^,\n]*)')
_LONGEST_ROW = 1 << 26
"""Bytes after which an opening quote without a closing one counts as a plain character."""


class Stream(Protocol):
    """A readable stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes; none at the end."""
        ...


def blocks_of(stream: Stream, size: int = 1 << 20) -> Iterator[bytes]:
    """Yield blocks of whole rows, of about `size` bytes. A line end between quotes does not end a row."""
    rest = b""
    while data := stream.read(size):
        rest += data
        end = _last_row_end(rest)
        if not end and len(rest) > _LONGEST_ROW:
            end = rest.rfind(b"\n") + 1
        if end:
            yield rest[:end]
            rest = rest[end:]
    if rest:
        yield rest


def _last_row_end(data: bytes) -> int:
    """Return the end of the last complete row."""
    if b'"' not in data:
        return data.rfind(b"\n") + 1
    characters = np.frombuffer(data, np.uint8)
    outside = np.cumsum(characters == ord('"')) % 2 == 0
    ends = np.flatnonzero((characters == ord("\n")) & outside)
    return int(ends[-1]) + 1 if len(ends) else 0


def texts_of(block: bytes, names: Sequence[str]) -> pa.RecordBatch:
    """Return rows as columns of text. An empty field without quotes is NULL; a missing field is ABSENT."""
    refused: list[Any] = []

    def refuse(row: Any) -> str:
        refused.append(row)
        return "skip"

    try:
        table = csv.read_csv(
            io.BytesIO(block),
            read_options=csv.ReadOptions(use_threads=False, column_names=list(names), block_size=len(block) + 1),
            parse_options=csv.ParseOptions(
                newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=refuse
            ),
            convert_options=csv.ConvertOptions(
                column_types=pa.schema([(name, pa.string()) for name in names]),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return _field_by_field(block, names)
    if refused:
        return _field_by_field(block, names)
    return table.combine_chunks().to_batches()[0] if table.num_rows else _batch([], names)


def _field_by_field(block: bytes, names: Sequence[str]) -> pa.RecordBatch:
    rows: list[list[str | None]] = []
    position = 0
    while position < len(block):
        fields, position = _row(block, position)
        if len(fields) > len(names):
            surplus = fields[len(names) - 1 :]
            fields = [*fields[: len(names) - 1], ",".join(field or "" for field in surplus)]
        rows.append([*fields, *[ABSENT] * (len(names) - len(fields))])
    return _batch(rows, names)


def _row(block: bytes, position: int) -> tuple[list[str | None], int]:
    """Return the fields of the row that begins at `position`, and the start of the next row."""
    fields: list[str | None] = []
    while True:
        field = _FIELD.match(block, position)
        assert field is not None  # noqa: S101 - the pattern takes the empty text too
        quoted, plain = field.groups()
        value = plain.rstrip(b"\r") if quoted is None else quoted.replace(b'""', b'"')
        fields.append(value.decode(errors="backslashreplace") if value or quoted is not None else None)
        position = field.end()
        if block[position : position + 1] == b",":
            position += 1
            continue
        end = block.find(b"\n", position)
        return fields, len(block) if end < 0 else end + 1


def _batch(rows: Sequence[Sequence[str | None]], names: Sequence[str]) -> pa.RecordBatch:
    columns = [pa.array([row[place] for row in rows], pa.string()) for place in range(len(names))]
    return pa.RecordBatch.from_arrays(columns, names=list(names))
