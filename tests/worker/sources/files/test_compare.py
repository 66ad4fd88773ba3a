"""The comparison of bytes yields the same rows as reading, and parses few of them."""

from collections.abc import Callable, Iterator
from functools import cache
from io import BytesIO
from typing import BinaryIO, NamedTuple

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.schema.model import Table
from tests.worker.sources.loading import DATASET, EVERY_KIND
from worker.encode.csv import CsvEncoder
from worker.encode.json_text import NdjsonEncoder
from worker.sources.base import EqualRows
from worker.sources.csv import reader as csv_reader
from worker.sources.files.compare import Chunk, compare_part
from worker.sources.files.source import FileEncoder
from worker.sources.jsonl import reader as jsonl_reader

ROWS, CHUNK = 60, 10
TABLE = DATASET.table(EVERY_KIND).table


class Format(NamedTuple):
    encoder: FileEncoder
    read_rows: Callable[[BinaryIO, Table], Iterator[pa.RecordBatch]]
    is_whole: Callable[[bytes], bool]


FORMATS = {
    "csv": Format(CsvEncoder(TABLE), csv_reader.read_rows, csv_reader.is_whole),
    "jsonl": Format(NdjsonEncoder(TABLE), jsonl_reader.read_rows, jsonl_reader.is_whole),
}


@cache
def chunks(name: str) -> list[Chunk]:
    rows, format_ = DATASET.table(EVERY_KIND), FORMATS[name]
    return [Chunk(first, format_.encoder.encode(rows.batch(first, CHUNK))) for first in range(0, ROWS, CHUNK)]


def lines(name: str) -> list[bytes]:
    return [row for chunk in chunks(name) for row in chunk.rows.cut()]


def texts(name: str, data: bytes) -> list[str]:
    return [str(row) for batch in FORMATS[name].read_rows(BytesIO(data), TABLE) for row in batch.to_pylist()]


def compared(name: str, data: bytes) -> tuple[list[str], int]:
    """Return all rows of the comparison as texts, and how many of them were parsed."""
    found, parsed, expected, format_ = list[str](), 0, lines(name), FORMATS[name]
    for part in compare_part(
        BytesIO(data), iter(chunks(name)), lambda rows: format_.read_rows(rows, TABLE), format_.is_whole
    ):
        if isinstance(part, EqualRows):
            found += texts(name, b"".join(expected[part.first : part.first + part.rows]))
        else:
            found += map(str, part.to_pylist())
            parsed += part.num_rows
    return found, parsed


rows = st.integers(0, ROWS - 1)


@st.composite
def damages(draw: st.DrawFn) -> list[tuple[str, int, int]]:
    kinds = st.sampled_from(["deleted", "doubled", "swapped", "changed", "quoted", "inserted", "block", "cut", "tail"])
    return draw(st.lists(st.tuples(kinds, rows, rows), max_size=4))


def damaged(data: list[bytes], damage: tuple[str, int, int]) -> list[bytes]:
    kind, one, other = damage
    if not data:
        return data
    one, other = one % len(data), other % len(data)
    if not data[one]:
        return data
    match kind:
        case "deleted":
            return [*data[:one], *data[one + 1 :]]
        case "doubled":
            return [*data[:other], data[one], *data[other:]]
        case "swapped":
            data[one], data[other] = data[other], data[one]
            return data
        case "changed" | "quoted":
            place = other % len(data[one])
            byte = b'"' if kind == "quoted" else b"7"
            return [*data[:one], data[one][:place] + byte + data[one][place + 1 :], *data[one + 1 :]]
        case "inserted":
            return [*data[:one], b"1,2,3\n", *data[one:]]
        case "block":
            return [*data[: min(one, other)], *data[max(one, other) :]]
        case "cut":
            return [*data[:one], data[one][: other % len(data[one])]]
        case _:
            return [*data, b"rest"]


@pytest.mark.parametrize("name", FORMATS)
@given(damage=damages())
def test_compare_yields_the_rows_that_reading_yields(name: str, damage: list[tuple[str, int, int]]) -> None:
    data = lines(name)
    for each in damage:
        data = damaged(data, each)
    stored = b"".join(data)
    assert sorted(compared(name, stored)[0]) == sorted(texts(name, stored))


@pytest.mark.parametrize("name", FORMATS)
def test_equal_bytes_are_parsed_in_first_chunk_only(name: str) -> None:
    found, parsed = compared(name, b"".join(lines(name)))
    assert (len(found), parsed) == (ROWS, CHUNK)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    ("damage", "parsed_rows"), [("deleted", 0), ("doubled", 1), ("changed", 1), ("inserted", 1), ("swapped", 2)]
)
def test_only_differing_rows_are_parsed(name: str, damage: str, parsed_rows: int) -> None:
    data = damaged(lines(name), (damage, 25, 32 if damage != "changed" else 3))
    found, parsed = compared(name, b"".join(data))
    assert parsed - CHUNK == parsed_rows
    assert len(found) == len(data)
