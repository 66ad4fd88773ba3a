"""MySQL creates the widest table that the plan's limits allow, and refuses a wider one."""

from collections.abc import Iterator
from typing import Any

import pymysql
import pytest

from core.errors import PlanError
from core.schema.checks import check_limits
from core.schema.checks.mysql import complaints
from core.schema.generators import UuidV4
from core.schema.model import Column, Table
from core.schema.types import DataType, Kind
from testkit.containers import require_image
from testkit.images import image
from tests.worker.servers import DATABASE, mysql
from worker.sources.mysql.ddl import create_table

TYPES = {
    "text": DataType(kind=Kind.TEXT),
    "point": DataType(kind=Kind.POINT),
    "varchar(5)": DataType(kind=Kind.VARCHAR, length=5),
    "varchar(10)": DataType(kind=Kind.VARCHAR, length=10),
    "varchar(255)": DataType(kind=Kind.VARCHAR, length=255),
    "char(20)": DataType(kind=Kind.CHAR, length=20),
    "bytes(16)": DataType(kind=Kind.BYTES, length=16),
    "int": DataType(kind=Kind.INT32),
    "decimal(38,10)": DataType(kind=Kind.DECIMAL, precision=38, scale=10),
}


def _table(type_: DataType, columns: int, *, key: DataType | None = None, nullable: bool = True) -> Table:
    generator = UuidV4()
    wide = [Column(name=f"c{n}", type=type_, nullable=nullable, generator=generator) for n in range(columns)]
    first = Column(name="id", type=key or DataType(kind=Kind.INT64), generator=generator)
    return Table(name="wide", primary_key="id", columns=(first, *wide))


def _most(type_: DataType, **how: Any) -> int:
    low, high = 1, 2_000
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if not list(complaints(_table(type_, middle, **how))) else (low, middle)
    return low


@pytest.fixture(scope="module")
def server() -> Iterator["pymysql.Connection[Any]"]:
    require_image(image("mysql"))
    with mysql() as connection:
        yield connection


@pytest.mark.docker
@pytest.mark.parametrize(("name", "nullable"), [*((name, True) for name in TYPES), ("decimal(38,10)", False)])
def test_widest_table_is_created_and_next_refused(server: "pymysql.Connection[Any]", name: str, nullable: bool) -> None:
    most = _most(TYPES[name], nullable=nullable)
    with server.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS wide")
        cursor.execute(create_table(_table(TYPES[name], most, nullable=nullable), DATABASE))
        cursor.execute("DROP TABLE wide")
        with pytest.raises(pymysql.OperationalError):
            cursor.execute(create_table(_table(TYPES[name], most + 1, nullable=nullable), DATABASE))


@pytest.mark.parametrize(
    ("table", "limit"),
    [
        (_table(DataType(kind=Kind.DECIMAL, precision=38, scale=38), 1), r"decimal\(38,38\) has a scale above 30"),
        (_table(TYPES["text"], 1_000), "must be in one page, and InnoDB takes fewer than 8,126"),
        (_table(TYPES["varchar(255)"], 80), "is wider than 65,535"),
        (_table(TYPES["int"], 1_017), "1018 columns are more than 1017"),
        (_table(TYPES["int"], 1, key=DataType(kind=Kind.VARCHAR, length=769)), "a key of 769 is longer than 768"),
        (_table(TYPES["int"], 1, key=DataType(kind=Kind.JSON)), "json cannot be a primary key"),
        (_table(TYPES["int"], 1).model_copy(update={"name": "x" * 65}), "a name of 65 characters is longer than 64"),
        (_table(TYPES["int"], 1).model_copy(update={"name": "x "}), "cannot end in a space"),
        (_table(DataType(kind=Kind.ENUM, values=("a ",)), 1), "ends in a space"),
        (_table(DataType(kind=Kind.SET, values=("a,b",)), 1), "without commas"),
    ],
)
def test_table_beyond_limits_is_refused(table: Table, limit: str) -> None:
    with pytest.raises(PlanError, match=rf"source: 'mysql' cannot hold the schema: .*{limit}"):
        check_limits("mysql", [table])
    check_limits("csv", [table])
