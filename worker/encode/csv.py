r"""CSV (RFC 4180) with a header and `\n` line ends: NULL is empty, the empty string `""`, lists JSON, points WKT."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from core.schema.model import Table
from core.schema.types import BINARIES, DOCUMENTS, LISTS, STRINGS, DataType, Kind
from worker.encode import json_text, text
from worker.encode.columns import Piece, Writers, as_array, join, lengths_of, replace_bytes, special_bytes_in
from worker.encode.encoder import RowEncoder


def _strings(column: Any, _: DataType) -> list[Piece]:
    return [quoted_where_needed(as_array(column))]


def _lists(column: Any, type_: DataType) -> list[Piece]:
    return [quoted_where_needed(join(json_text.array(column, type_), len(column)))]


_WRITERS: Writers = {
    **text.WRITERS,
    **dict.fromkeys((*STRINGS, *DOCUMENTS), _strings),
    **dict.fromkeys(BINARIES, lambda column, type_: [quoted_where_needed(*text.base64(column, type_))]),
    **dict.fromkeys(LISTS, _lists),
    Kind.POINT: text.points(b"POINT (", b" ", b")"),
}


class CsvEncoder(RowEncoder):
    """Encode the rows of a table as CSV lines; `header` is the line before them."""

    def __init__(self, table: Table) -> None:
        prefixes = [b"", *[b","] * (len(table.columns) - 1)]
        super().__init__(table.columns, _WRITERS, prefixes=prefixes, null=b"", end=b"\n")
        names = quoted_where_needed(pa.array([column.name.encode() for column in table.columns], pa.binary()))
        self.header = b",".join(names.to_pylist()) + b"\n"


def quoted_where_needed(values: Any) -> Any:
    """Quote values that contain a quote, comma or line end, and empty values (RFC 4180)."""
    special = special_bytes_in(values, b'",\r\n')
    empty = bool((lengths_of(values) == 0).any())
    if not special and not empty:
        return values
    needed = pc.equal(pc.binary_length(values), 0)
    if special:
        needed = pc.or_(needed, pc.match_substring_regex(values, '[",\r\n]'))
    doubled = replace_bytes(values, {0x22: b'""'})
    return pc.if_else(needed, join([b'"', doubled, b'"'], len(values)), values)
