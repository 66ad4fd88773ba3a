"""The interface of the test beds."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import pyarrow as pa

from core.schema.model import Table
from testkit.serving import Served

Row = Mapping[str, Any]


class Bed(Protocol):
    """One store's server, read by another client than the worker's."""

    source: str
    settings: Mapping[str, str]
    """Settings that must be in force in a server of 1 GiB, as the worker reads them back."""

    asks_for_password: bool
    knows_rights: bool
    """Whether the test server enforces user rights."""
    missing_database: str | None
    """Part of the message about a missing database; None if no database can be missing."""

    def count(self, served: Served, table: Table) -> int:
        """Return the number of rows, counted by the server's own client in its container."""
        ...

    def rows(self, served: Served, table: Table) -> Sequence[Row]:
        """Return all rows read by the bare driver, as comparable Python values, in any order."""
        ...

    def expected(self, table: Table, batch: pa.RecordBatch) -> Sequence[Row]:
        """Return what the server returns for the generator's values, with the documented losses."""
        ...

    def make_another_shape(self, served: Served, table: Table) -> None:
        """Create a table with the same name and other columns."""
        ...

    def without_rights(self, served: Served) -> str:
        """Return the connection string of a user who may log in but do nothing else."""
        ...
