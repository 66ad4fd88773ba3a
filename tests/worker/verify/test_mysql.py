"""Rows of MySQL are compared in the bytes of its text protocol, and parsed where these differ."""

from collections.abc import Iterator, Sequence
from typing import Any, cast
from unittest.mock import Mock

import pyarrow.compute as pc
import pytest

from core.schema.model import Table
from core.schema.types import FLOATS, DataType, Kind
from testkit.serving import shared
from tests.worker.sources.loading import DATASET, EVERY_KIND, KEYED, connected
from tests.worker.verify.campaign import ROWS, loaded_alone
from worker.encode import mysql
from worker.sources.base import Source
from worker.sources.mysql import reader
from worker.sources.mysql.types import TYPES

pytestmark = pytest.mark.docker

_PARSED_FIRST = 10


@pytest.fixture(scope="module")
def source() -> Iterator[Source]:
    with connected("mysql", shared("mysql").connection) as opened:
        yield opened


def _without(kinds: frozenset[Kind], table: Table, name: str) -> Table:
    kept = tuple(column for column in table.columns if column.type.kind not in kinds)
    return table.model_copy(update={"name": name, "columns": kept})


def _parsed_rows(source: Source, table: Table, monkeypatch: pytest.MonkeyPatch) -> int:
    """Load and compare a table, all of whose rows match; return how many rows were parsed."""
    compared = loaded_alone(source, table)
    parse = Mock(wraps=reader._columns)
    monkeypatch.setattr(reader, "_columns", parse)
    diff = compared()
    assert (diff.matched, diff.mismatched, diff.missing, diff.extra) == (ROWS, 0, 0, 0)
    return sum(len(call.args[0]) for call in parse.call_args_list)


@pytest.mark.parametrize("name", [EVERY_KIND, KEYED])
def test_equal_rows_are_not_parsed(source: Source, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table = _without(frozenset({*mysql.CONVERTED, *FLOATS}), DATASET.schema.table(name), f"{name}_bytes")
    assert reader.has_encoded_form(table, TYPES)
    assert _parsed_rows(source, table, monkeypatch) == _PARSED_FIRST


def test_floats_in_another_spelling_are_equal(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server writes some exponents differently: such a row is parsed, and matches."""
    table = _without(frozenset(mysql.CONVERTED), DATASET.schema.table(EVERY_KIND), "with_floats")
    assert _PARSED_FIRST <= _parsed_rows(source, table, monkeypatch) < ROWS


def test_error_of_the_encoder_is_found(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    """The expected bytes have the same error, so that only values show it: in the rows that are always parsed."""

    def misspelled(column: Any, type_: DataType) -> Sequence[Any]:
        return text_writer(pc.binary_replace_slice(column, 0, 1, "x"), type_)

    kind = DATASET.schema.table(KEYED).column("order").type.kind
    text_writer = mysql._LITERALS[kind]
    monkeypatch.setitem(cast("dict[Kind, Any]", mysql._LITERALS), kind, misspelled)
    # A name of its own: the open session of another test may hold the table of that name.
    found = loaded_alone(source, _without(frozenset(), DATASET.schema.table(KEYED), "misspelled"))()
    assert (found.missing, found.mismatched, found.extra) == (0, _PARSED_FIRST, 0)
