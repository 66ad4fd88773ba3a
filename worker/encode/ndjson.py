"""JSON lines: one object a row, the columns in their order.

`Rows.cut(terminator=1)` gives the values of Kafka's messages.
"""

import json

from core.schema.model import Table
from worker.encode import json_text
from worker.encode.encoder import RowEncoder


class NdjsonEncoder(RowEncoder):
    """Rows of a table as JSON objects, each on a line."""

    def __init__(self, table: Table) -> None:
        keys = [json.dumps(column.name, ensure_ascii=False).encode() + b":" for column in table.columns]
        leads = [b"{" + keys[0], *[b"," + key for key in keys[1:]]]
        super().__init__(table.columns, json_text.WRITERS, leads=leads, null=b"null", end=b"}\n")
