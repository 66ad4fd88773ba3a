"""CSV and JSON lines one row at a time, for `method: insert`: the bytes of the columnar encoders, made cell by cell."""

import json
from typing import Any

from core.schema.model import Table
from worker.encode.rows import Rows
from worker.encode.scalars import csv_value, json_value, quoted


class CsvByRow:
    """Rows of a table as CSV lines; `header` is the line before them."""

    def __init__(self, table: Table) -> None:
        self._types = [column.type for column in table.columns]
        self.header = (",".join(quoted(column.name) for column in table.columns) + "\n").encode()

    def encode(self, batch: Any) -> Rows:
        """The rows of an Arrow record batch that has the table's columns in their order."""
        return Rows.joined([self._row(row) for row in _objects(batch)])

    def _row(self, row: tuple[Any, ...]) -> bytes:
        return (",".join(map(csv_value, row, self._types)) + "\n").encode()


class NdjsonByRow:
    """Rows of a table as JSON objects, each on a line."""

    header = b""

    def __init__(self, table: Table) -> None:
        self._columns = [(json.dumps(column.name, ensure_ascii=False) + ":", column.type) for column in table.columns]

    def encode(self, batch: Any) -> Rows:
        """The rows of an Arrow record batch that has the table's columns in their order."""
        return Rows.joined([self._row(row) for row in _objects(batch)])

    def _row(self, row: tuple[Any, ...]) -> bytes:
        cells = (key + json_value(value, type_) for (key, type_), value in zip(self._columns, row, strict=True))
        return ("{" + ",".join(cells) + "}\n").encode()


def _objects(batch: Any) -> Any:
    return zip(*(column.to_pylist() for column in batch.columns), strict=True)
