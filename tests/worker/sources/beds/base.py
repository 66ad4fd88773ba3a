"""What the tests of all servers ask of each."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import pyarrow as pa

from core.schema.model import Table
from testkit.serving import Served

Row = Mapping[str, Any]


class Bed(Protocol):
    """One source's server, seen by another client than the worker's."""

    source: str
    settings: Mapping[str, str]
    """Settings that must be in force in a server of 1 GiB, as the worker reads them back."""

    asks_for_password: bool
    knows_rights: bool
    """Whether the server of the tests keeps a user from what he has no right to."""
    missing_database: str | None
    """Part of what is said of a database that is not there; None where none can be missing."""

    def count(self, served: Served, table: Table) -> int:
        """The rows of a table, by the server's own client in its container."""
        ...

    def rows(self, served: Served, table: Table) -> Sequence[Row]:
        """All rows by the bare driver, as comparable Python, in any order."""
        ...

    def expected(self, table: Table, batch: pa.RecordBatch) -> Sequence[Row]:
        """What the server holds of the generator's values: the same ones, less a documented loss."""
        ...

    def make_another_shape(self, served: Served, table: Table) -> None:
        """Make something that has the table's name, and other columns."""
        ...

    def without_rights(self, served: Served) -> str:
        """The connection string of a user who may log in and nothing more."""
        ...
