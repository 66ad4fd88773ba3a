"""PostgreSQL accepts the widest row that the plan's limits allow, and refuses a wider one."""

from typing import Any

import psycopg
import pytest
from psycopg import sql

from core.connection import parse_connection
from core.errors import PlanError, ServerError
from core.plan import BASE_INSTANT, Shard
from core.schema import generators as g
from core.schema.checks import check_limits, limit_warnings
from core.schema.model import Column, Schema, Table
from core.schema.types import DataType, Kind
from core.stores import METHODS, POSTGRESQL
from tests.worker.sources.loading import connected
from worker.generate import Dataset
from worker.sources.postgresql.ddl import create_table

INT, TEXT = DataType(kind=Kind.INT64), DataType(kind=Kind.TEXT)
WIDEST: dict[str, tuple[DataType, g.Generator, int]] = {
    "bigint": (INT, g.Sequential(), 1_016),
    "uuid": (DataType(kind=Kind.UUID), g.UuidV4(), 508),
    "point": (DataType(kind=Kind.POINT), g.PointRange(), 508),
    "boolean": (DataType(kind=Kind.BOOL), g.Static(value=True), 1_599),
}
"""Types of fixed width, and the most columns of each after the key."""


def _table(type_: DataType, columns: int, generator: g.Generator, **how: Any) -> Table:
    wide = [Column(name=f"c{n}", type=type_, generator=generator, **how) for n in range(columns)]
    return Table(name="wide", primary_key="id", columns=(Column(name="id", type=INT, generator=g.Sequential()), *wide))


def _load(url: str, table: Table, method: str = "bulk") -> None:
    rows = Dataset(Schema(tables=(table,)), seed=1, rows=3, base_instant=BASE_INSTANT).table(table.name).batch(0, 3)
    with psycopg.connect(url, autocommit=True) as session:
        session.execute("DROP TABLE IF EXISTS wide")
        session.execute(create_table(table, sql.Identifier("wide")))
    with connected("postgresql", parse_connection(url, POSTGRESQL)) as source:
        with source.sink(table, Shard(table="wide", seed=1, first_row=0, rows=3), method) as sink:
            sink.send(iter([sink.encode(rows)]))
        assert source.count(table) == 3


@pytest.mark.parametrize("name", WIDEST)
def test_widest_row_is_accepted_and_next_refused(postgresql_url: str, name: str) -> None:
    type_, generator, most = WIDEST[name]
    widest, next_ = _table(type_, most, generator), _table(type_, most + 1, generator)
    check_limits("postgresql", [widest])
    _load(postgresql_url, widest)
    with pytest.raises(PlanError, match=r"wider than a page|more than 1,600"):
        check_limits("postgresql", [next_])
    with pytest.raises((ServerError, psycopg.Error), match=r"row is too big|at most 1600 columns"):
        _load(postgresql_url, next_)


def test_row_that_may_be_too_wide_is_a_warning(postgresql_url: str) -> None:
    text = g.Static(value="x" * 23)
    widest, next_ = _table(TEXT, 338, text), _table(TEXT, 339, text)
    assert limit_warnings("postgresql", [widest]) == []
    _load(postgresql_url, widest)
    check_limits("postgresql", [next_])
    (warning,) = limit_warnings("postgresql", [next_])
    assert "rows may have up to 8,168 bytes in a page" in warning
    with pytest.raises(ServerError, match="row is too big"):
        _load(postgresql_url, next_)
    # Shorter values fit, and so do longer ones that are stored outside the page.
    for value in ("x", "x" * 100):
        _load(postgresql_url, _table(TEXT, 339, g.Static(value=value)))


@pytest.mark.parametrize("longest", [2_692, 2_693])
def test_longest_key_is_accepted_and_longer_refused(postgresql_url: str, longest: int) -> None:
    key = Column(
        name="id", type=DataType(kind=Kind.BYTES), generator=g.RandomBytes(min_length=longest, max_length=longest)
    )
    table = Table(name="wide", primary_key="id", columns=(key,))
    if longest == 2_692:
        check_limits("postgresql", [table])
        _load(postgresql_url, table)
    else:
        with pytest.raises(PlanError, match="a key of 2,693 bytes is longer than 2,692"):
            check_limits("postgresql", [table])
        with pytest.raises(ServerError, match="index row size"):
            _load(postgresql_url, table)


def _column(**column: Any) -> Table:
    made = Column.model_validate({"name": "c", "type": TEXT, "generator": g.UuidV4(), **column})
    return Table(name="wide", primary_key="id", columns=(Column(name="id", type=INT, generator=g.Sequential()), made))


_NUL = "a\0b"
REFUSED = {
    **{name: (_column(name=name), f"column {name}: the name is reserved") for name in ("ctid", "xmax", "tableoid")},
    "long table": (_column().model_copy(update={"name": "x" * 64}), "table x+: a name of 64 bytes is longer than 63"),
    "long column": (_column(name="é" * 32), "column é+: a name of 64 bytes is longer than 63"),
    "varchar": (_column(type=DataType(kind=Kind.VARCHAR, length=10_485_761)), "is more than 10,485,760"),
    "columns": (_table(DataType(kind=Kind.BOOL), 1_600, g.Static(value=True)), "1601 columns are more than 1,600"),
    "row": (_table(INT, 1_017, g.Sequential()), "a row of 8,168 bytes or more is wider than a page takes"),
    "json key": (
        _column(type=DataType(kind=Kind.JSON)).model_copy(update={"primary_key": "c"}), "json cannot be a primary key"
    ),
    "text": (_column(generator=g.Static(value=_NUL)), "values of type text cannot hold the character U\\+0000"),
    "pattern": (_column(generator=g.Pattern(pattern=_NUL)), "values of type text cannot hold"),
    "enum": (_column(type=DataType(kind=Kind.ENUM, values=(_NUL,)), generator=g.Static(value=_NUL)), "of type enum cannot"),
    "array": (
        _column(type=DataType(kind=Kind.ARRAY, element=TEXT), generator=g.SampleArray(pool=(_NUL,), max_length=2)),
        "values of type array cannot hold the character",
    ),
    "jsonb": (_column(type=DataType(kind=Kind.JSONB), generator=g.OneOf(values=(1, {"a": [_NUL]}))), "of type jsonb cannot"),
    "jsonb name": (_column(type=DataType(kind=Kind.JSONB), generator=g.Static(value={_NUL: 1})), "of type jsonb cannot"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_table_beyond_limits_is_refused(case: str) -> None:
    table, limit = REFUSED[case]
    with pytest.raises(PlanError, match=rf"source: 'postgresql' cannot hold the schema: .*{limit}"):
        check_limits("postgresql", [table])
    check_limits("csv", [table])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", [Kind.JSON, Kind.TEXT])
def test_json_with_an_escaped_nul_is_kept(postgresql_url: str, kind: Kind, method: str) -> None:
    table = _column(type=DataType(kind=kind), generator=g.Static(value={"a": _NUL}))
    check_limits("postgresql", [table])
    _load(postgresql_url, table, method)


@pytest.mark.parametrize("method", METHODS)
def test_generator_with_nul_is_refused(postgresql_url: str, method: str) -> None:
    # The plan cannot check Faker's values.
    made = g.Faker(provider="pystr_format", args={"string_format": _NUL})
    with pytest.raises(PlanError, match="cannot store the character NUL"):
        _load(postgresql_url, _column(generator=made), method)
