"""Encoded rows: as bytes in one buffer, as objects that a driver packs, or as tuples of Python values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of bytes in one buffer: row i is `data[ends[i - 1]:ends[i]]`, and the first begins at 0."""

    data: memoryview
    ends: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ends)

    @classmethod
    def of(cls, values: Any) -> Self:
        """Return the values of an Arrow binary array without nulls; their bytes are not copied."""
        count = len(values)
        if not count:
            return cls(memoryview(b""), np.empty(0, np.int64))
        _, offsets, data = values.buffers()
        bounds = np.frombuffer(offsets, np.int32)[values.offset : values.offset + count + 1].astype(np.int64)
        return cls(memoryview(data)[bounds[0] : bounds[-1]], bounds[1:] - bounds[0])

    @classmethod
    def joined(cls, rows: Sequence[bytes]) -> Self:
        """Return rows that were encoded one by one."""
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        return cls(memoryview(b"".join(rows)), np.cumsum(lengths))

    @property
    def nbytes(self) -> int:
        """The bytes of all rows."""
        return int(self.ends[-1]) if len(self.ends) else 0

    def part(self, first: int, stop: int) -> Self:
        """Return the rows `[first, stop)`; their bytes are not copied."""
        start, end = self.offset(first), self.offset(stop)
        return type(self)(self.data[start:end], self.ends[first:stop] - start)

    def cut(self, terminator: int = 0) -> list[bytes]:
        """Return each row as `bytes`, without the last `terminator` bytes (1: a line without its newline)."""
        data, ends = self.data.tobytes(), self.ends.tolist()
        return [data[start : end - terminator] for start, end in zip([0, *ends], ends, strict=False)]

    def as_array(self) -> Any:
        """Return the rows as an Arrow binary array; their bytes are not copied."""
        offsets = np.concatenate([[0], self.ends]).astype(np.int32)
        return pa.Array.from_buffers(pa.binary(), len(self), [None, pa.py_buffer(offsets), pa.py_buffer(self.data)])

    def offset(self, row: int) -> int:
        """Return where a row begins; for the number of rows, where the last one ends."""
        return int(self.ends[row - 1]) if row > 0 else 0


@dataclass(frozen=True, slots=True)
class Objects:
    """Rows as objects for a driver that does not accept bytes, and the size of each on the wire."""

    rows: Sequence[Any]
    sizes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def nbytes(self) -> int:
        """The bytes of all rows."""
        return int(self.sizes.sum())

    def part(self, first: int, stop: int) -> Self:
        """Return the rows `[first, stop)`."""
        return type(self)(self.rows[first:stop], self.sizes[first:stop])


@dataclass(frozen=True, slots=True)
class Records:
    """Rows as tuples of Python values, in the order of the columns, for `method: insert`."""

    rows: Sequence[tuple[Any, ...]]

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, first: int, stop: int) -> Self:
        """Return the rows `[first, stop)`."""
        return type(self)(self.rows[first:stop])
