"""Parameters of Cypher: sizes against the driver's packer, values against the generated ones."""

from datetime import UTC, datetime
from typing import Any

import pytest
from neo4j._codec.hydration.bolt.v2 import HydrationHandler
from neo4j._codec.packstream.v1 import Packer

from core.schema.types import Kind
from tests.worker.encode import samples
from worker.encode.bolt import BoltEncoder


class _Written(bytearray):
    """A byte stream for the packer."""

    def write(self, data: bytes) -> None:
        self.extend(data)


def _packed(row: Any) -> bytes:
    stream: Any = _Written()
    packer: Any = Packer
    packer(stream).pack(row, dehydration_hooks=HydrationHandler().new_hydration_scope().dehydration_hooks)
    return bytes(stream)


@pytest.mark.parametrize("nulls", [False, True])
@pytest.mark.parametrize("name", list(samples.TYPES))
def test_sizes_equal_those_of_driver(name: str, nulls: bool) -> None:
    table = samples.table([name])
    encoded = BoltEncoder(table).encode(samples.batch(table, nulls))
    assert encoded.sizes.tolist() == [len(_packed(row)) for row in encoded.rows]
    assert encoded.nbytes == sum(encoded.sizes)


def test_values_equal_generated_ones() -> None:
    table = samples.table([name for name, (type_, _) in samples.TYPES.items() if type_.kind is not Kind.ARRAY])
    batch = samples.batch(table, nulls=True)
    for row, expected in zip(BoltEncoder(table).encode(batch).rows, batch.to_pylist(), strict=True):
        for column, value in zip(table.columns, row, strict=True):
            wanted = expected[column.name]
            if value is None or wanted is None:
                assert value is wanted
            elif column.type.kind is Kind.DECIMAL:
                assert value == format(wanted, "f")
            elif column.type.kind is Kind.UUID:
                assert value.replace("-", "") == wanted.hex()
            elif column.type.kind is Kind.POINT:
                assert tuple(value) == (wanted["x"], wanted["y"])
            elif isinstance(wanted, datetime):
                assert _packed(value) == _packed(wanted.replace(tzinfo=wanted.tzinfo and UTC))
            else:
                assert value == wanted


def test_parts_contain_their_rows() -> None:
    table = samples.table(["i32", "short_text"])
    encoded = BoltEncoder(table).encode(samples.batch(table, nulls=False))
    assert len(encoded.part(3, 8)) == 5
    assert encoded.part(3, 8).rows == encoded.rows[3:8]
    assert encoded.part(0, 3).nbytes + encoded.part(3, len(encoded)).nbytes == encoded.nbytes
