"""The encoder that most formats share: it writes the values in column order, with constants between them."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.schema.model import Column, Table
from core.schema.types import FLOATS, INTEGERS, TIMESTAMPS, DataType, Kind
from worker.encode import text
from worker.encode.columns import Piece, Writer, Writers, join, keep_nulls, replace_bytes
from worker.encode.rows import Rows

_PLAIN = (
    Kind.BOOL, *INTEGERS, *FLOATS, Kind.DECIMAL, Kind.DATE, Kind.TIME, *TIMESTAMPS, Kind.DURATION,
)  # fmt: skip
"""Kinds whose text can hold no tab, line end or backslash."""
ESCAPES: Mapping[int, bytes] = {0x5C: rb"\\", 0x09: rb"\t", 0x0A: rb"\n", 0x0D: rb"\r"}
"""The escapes that PostgreSQL and MySQL both read, for the bytes that are special to them."""


def key_first(table: Table) -> Sequence[Column]:
    """Return the table's columns, the key first."""
    return [table.key, *(column for column in table.columns if column.name != table.primary_key)]


class RowEncoder:
    """Encode batches of a table. Formats differ in the constants between the values and in the writers of types.

    `header` is the beginning of a file or stream of rows; many formats have none.
    """

    header: bytes = b""

    def __init__(
        self, columns: Sequence[Column], writers: Writers, *, prefixes: Sequence[bytes], null: bytes, end: bytes
    ) -> None:
        self._columns = tuple(columns)
        self._writers = writers
        self._prefixes = tuple(prefixes)
        self._null = null
        self._end = end

    def encode(self, batch: Any) -> Rows:
        """Return the rows of an Arrow record batch that has the table's columns, in any order.

        Raises pyarrow.ArrowInvalid or PlanError if they need 2 GiB or more.
        """
        pieces: list[Piece] = []
        for column, prefix in zip(self._columns, self._prefixes, strict=True):
            values = batch.column(column.name)
            pieces += [prefix, *keep_nulls(self._writers[column.type.kind](values, column.type), values)]
        return Rows.of(join([*pieces, self._end], batch.num_rows, self._null))


class DelimitedEncoder(RowEncoder):
    r"""Encode a table as the default text of COPY and LOAD DATA: tabs, backslash escapes, and `\N` for NULL.

    `literals` has the text that the server expects for each type.
    """

    def __init__(self, table: Table, literals: Writers) -> None:
        prefixes = [b"", *[b"\t"] * (len(table.columns) - 1)]
        writers = {kind: writer if kind in _PLAIN else _escaped(writer) for kind, writer in literals.items()}
        super().__init__(table.columns, writers, prefixes=prefixes, null=rb"\N", end=b"\n")


def _escaped(writer: Writer) -> Writer:
    def write(column: Any, type_: DataType) -> list[Piece]:
        return [replace_bytes(join(writer(column, type_), len(column)), ESCAPES)]

    return write


class KeyEncoder(RowEncoder):
    """Encode the primary key of each row as UTF-8 text: the key of a Kafka message."""

    def __init__(self, table: Table) -> None:
        super().__init__([table.key], text.WRITERS, prefixes=[b""], null=b"", end=b"")
