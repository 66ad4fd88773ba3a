"""The primary key of each row as text: the key of a Kafka message."""

from core.schema.model import Table
from worker.encode import text
from worker.encode.encoder import RowEncoder


class KeyEncoder(RowEncoder):
    """The primary keys of a table's rows as UTF-8 text, one behind the other with nothing between them."""

    def __init__(self, table: Table) -> None:
        super().__init__([table.key], text.WRITERS, leads=[b""], null=b"", end=b"")
