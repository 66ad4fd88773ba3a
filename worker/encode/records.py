"""Rows as Python objects, for `method: insert`: the way that bulk loading is compared against."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Records:
    """Each row as a tuple of Python values, in the order of the columns."""

    rows: Sequence[tuple[Any, ...]]

    def __len__(self) -> int:
        return len(self.rows)

    @classmethod
    def of(cls, batch: pa.RecordBatch) -> Self:
        """Every cell as the Python object that Arrow makes of it."""
        return cls(list(zip(*(column.to_pylist() for column in batch.columns), strict=True)))

    def part(self, first: int, stop: int) -> Self:
        """The rows from `first` to before `stop`."""
        return type(self)(self.rows[first:stop])
