"""Rows as the objects that a driver takes, where it takes no bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Objects:
    """An object a row, and the bytes that it takes on the wire."""

    rows: Sequence[Any]
    sizes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def nbytes(self) -> int:
        """Bytes of all rows."""
        return int(self.sizes.sum())

    def part(self, first: int, stop: int) -> Self:
        """The rows from `first` to before `stop`."""
        return type(self)(self.rows[first:stop], self.sizes[first:stop])
