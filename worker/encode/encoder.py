"""What most formats are: values in the order of the columns, a constant before each, another at the row's end."""

from collections.abc import Sequence
from typing import Any

from core.schema.model import Column
from worker.encode.column_concat import Piece, Writers, join, with_nulls
from worker.encode.rows import Rows


class RowEncoder:
    """Encodes batches of a table; the formats differ in the constants between the values and in the writers of types.

    `header` is what a file or a stream of rows begins with; many formats have none.
    """

    header: bytes = b""

    def __init__(
        self, columns: Sequence[Column], writers: Writers, *, leads: Sequence[bytes], null: bytes, end: bytes
    ) -> None:
        self._columns = tuple(columns)
        self._writers = writers
        self._leads = tuple(leads)
        self._null = null
        self._end = end

    def encode(self, batch: Any) -> Rows:
        """The rows of an Arrow record batch that has the table's columns, in any order.

        Raises pyarrow.ArrowInvalid where they need 2 GiB or more.
        """
        pieces: list[Piece] = []
        for column, lead in zip(self._columns, self._leads, strict=True):
            values = batch.column(column.name)
            pieces += [lead, *with_nulls(self._writers[column.type.kind](values, column.type), values)]
        return Rows.of(join([*pieces, self._end], batch.num_rows, self._null))
