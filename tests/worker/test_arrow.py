"""Arrow arrays over NumPy memory: added nulls, and columns that are too large."""

import numpy as np
import pyarrow as pa
import pytest

from core.errors import PlanError
from worker.arrow import equal_width, variable_width, with_nulls

VALID = np.array([True, False, True, False, True])


@pytest.mark.parametrize(
    "array",
    [
        pa.array([1, 2, 3, 4, 5]),
        pa.array([True, False, True, True, False]),
        pa.array(["a", "", "ccc", "dd", "é"]),
        pa.array([b"a" * 16] * 5, pa.binary(16)),
        pa.array([[1], [], [2, 3], [4], [5]], pa.list_(pa.int32())),
        pa.array([{"x": 1.0, "y": 2.0}] * 5),
        pa.array([1, None, 3, 4, None]),
        pa.array([None, None, [1], [2], [3]], pa.list_(pa.int8())),
    ],
)
def test_with_nulls_adds_nulls_to_every_layout(array: pa.Array) -> None:
    result = with_nulls(array, VALID)
    result.validate(full=True)
    expected = [value if valid else None for value, valid in zip(array.to_pylist(), VALID, strict=True)]
    assert result.to_pylist() == expected


def test_with_nulls_handles_slice() -> None:
    array = pa.array(["a", "b", "c", "d", "e", "f"])[1:]
    with_nulls(array, VALID).validate(full=True)
    assert with_nulls(array, VALID).to_pylist() == ["b", None, "d", None, "f"]


def test_column_of_two_gibibytes_is_refused() -> None:
    wide = np.broadcast_to(np.zeros(1, np.uint8), (1 << 16, 1 << 15))
    with pytest.raises(PlanError, match=r"batchSize: 65536 of 2,147,483,648 bytes .*write a smaller batchSize"):
        equal_width(wide)
    with pytest.raises(PlanError, match="write a smaller batchSize"):
        variable_width(np.full(1 << 16, 1 << 15, np.int32), np.zeros(1, np.uint8), pa.binary())
