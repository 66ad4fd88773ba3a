r"""CSV (RFC 4180) with a header and `\n` line ends: NULL is empty, the empty string `""`, lists JSON, points WKT."""

from typing import Any

import pyarrow as pa

from core.schema.model import Table
from core.schema.types import BINARIES, DOCUMENTS, STRINGS, DataType, Kind
from worker.encode import json_text, text
from worker.encode.column_concat import Piece, Writers, join
from worker.encode.encoder import RowEncoder
from worker.encode.escape import as_array, quoted_where_needed


def _strings(column: Any, _: DataType) -> list[Piece]:
    return [quoted_where_needed(as_array(column))]


def _lists(column: Any, type_: DataType) -> list[Piece]:
    return [quoted_where_needed(join(json_text.array(column, type_), len(column)))]


_WRITERS: Writers = {
    **text.WRITERS,
    **dict.fromkeys((*STRINGS, *DOCUMENTS), _strings),
    **dict.fromkeys(BINARIES, lambda column, type_: [quoted_where_needed(*text.base64(column, type_))]),
    **dict.fromkeys((Kind.ARRAY, Kind.SET), _lists),
    Kind.POINT: text.points(b"POINT (", b" ", b")"),
}


class CsvEncoder(RowEncoder):
    """Rows of a table as CSV lines; `header` is the line before them."""

    def __init__(self, table: Table) -> None:
        leads = [b"", *[b","] * (len(table.columns) - 1)]
        super().__init__(table.columns, _WRITERS, leads=leads, null=b"", end=b"\n")
        names = quoted_where_needed(pa.array([column.name.encode() for column in table.columns], pa.binary()))
        self.header = b",".join(names.to_pylist()) + b"\n"
