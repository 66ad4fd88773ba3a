"""Each error that MySQL and MariaDB can be made to give has the remedy for its cause."""

from collections.abc import Callable, Iterator
from typing import Any, cast

import pymysql
import pytest

from core.connection import Connection, parse_connection
from core.errors import ServerError
from core.options import OnExisting
from core.plan import BASE_INSTANT, Shard
from core.schema.file import parse_schema
from core.stores import BULK, INSERT, METHODS, MYSQL
from testkit.serving import PASSWORD, serving
from tests.worker.mariadb import mariadb
from tests.worker.sources.loading import connected
from worker.generate import Dataset
from worker.sources.base import KeyedSource
from worker.sources.known_errors import UNKNOWN
from worker.sources.mysql.errors import server_error
from worker.sources.mysql.sinks import statements

AT = parse_connection("mysql://loadtest:secret@database:3306/loadtest", MYSQL)
_VALUES = "a column type in the schema that holds"
_CHANGED = "restore its columns"
_KEY_OF = "CREATE TABLE x (a {}, PRIMARY KEY (a))"
_MANY = ", ".join(f"c{n} int" for n in range(1020))
_CHILD = "CREATE TABLE x (a int PRIMARY KEY, FOREIGN KEY (a) REFERENCES t (id)); "
_WIDE = ", ".join(f"c{n} char(255) NOT NULL" for n in range(60))
PROVOKED = {
    "null": ("ALTER TABLE t MODIFY label char NOT NULL; INSERT INTO t VALUES (1, NULL)", 1048, "drop the column's NOT NULL"),
    "default": ("ALTER TABLE t ADD more int NOT NULL; INSERT INTO t (id) VALUES (1)", 1364, "drop the column's NOT NULL"),
    "exists": ("CREATE TABLE t (a int)", 1050, "drop the table"),
    "unknown table": ("DROP TABLE missing", 1051, "run `worker prepare` first"),
    "missing table": ("INSERT INTO missing VALUES (1)", 1146, "run `worker prepare` first"),
    "field": ("INSERT INTO t (missing) VALUES (1)", 1054, _CHANGED),
    "count": ("INSERT INTO t VALUES (1)", 1136, _CHANGED),
    "long name": (f"CREATE TABLE x ({'x' * 65} int)", 1059, "at most 64 characters"),
    "table name": ("CREATE TABLE `x ` (a int)", 1103, "rename the table or column"),
    "column name": ("CREATE TABLE x (`a ` int)", 1166, "rename the table or column"),
    "two columns": ("CREATE TABLE x (a int, A int)", 1060, "rename one of the columns"),
    "duplicate": ("INSERT INTO t VALUES (1, ''), (1, '')", 1062, "loadtest:onExisting: empty"),
    "parse": ("SELEKT", 1064, "MySQL 8.0 or MariaDB 10.11"),
    "long key": (_KEY_OF.format("varchar(1000) CHARACTER SET utf8mb4"), 1071, "3,072 bytes"),
    "key of text": (_KEY_OF.format("text"), 1170, "an integer, uuid or varchar"),
    "length": ("CREATE TABLE x (a char(256))", 1074, "use the type text"),
    "default of text": ("CREATE TABLE x (a int DEFAULT 'x')", 1067, "remove the column's default"),
    "wide row": (f"CREATE TABLE x ({_WIDE}) CHARACTER SET latin1 ROW_FORMAT=DYNAMIC", 1118, "fewer or shorter columns"),
    "variable": ("SET SESSION missing = 1", 1193, "MySQL 8.0 or MariaDB 10.11"),
    "character set": ("CREATE TABLE x (a int) CHARACTER SET missing", 1115, "MySQL 8.0 or MariaDB 10.11"),
    "collation": ("CREATE TABLE x (a int) COLLATE missing", 1273, "MySQL 8.0 or MariaDB 10.11"),
    "engine": ("CREATE TABLE x (a int) ENGINE missing", 1286, "MySQL 8.0 or MariaDB 10.11"),
    "range": ("INSERT INTO t VALUES (1e12, '')", 1264, _VALUES),
    "enum": ("ALTER TABLE t ADD e enum('a'); INSERT INTO t VALUES (1, '', 'b')", 1265, _VALUES),
    "too long": ("INSERT INTO t VALUES (1, 'abc')", 1406, _VALUES),
    "number": ("INSERT INTO t VALUES ('x', '')", 1366, _VALUES),
    "date": ("ALTER TABLE t ADD d date; INSERT INTO t VALUES (1, '', 'x')", 1292, _VALUES),
    "sum": ("SELECT 9223372036854775807 + 1", 1690, _VALUES),
    "twice": ("CREATE TABLE x (a enum('a', 'A'))", 1291, "remove one of the values"),
    "point": ("ALTER TABLE t ADD p point; INSERT INTO t VALUES (1, '', 'x')", 1416, _VALUES),
    "scale": ("CREATE TABLE x (a decimal(65, 40))", 1425, "30 of them after the point"),
    "precision": ("CREATE TABLE x (a decimal(66, 2))", 1426, "at most 65 digits"),
    "more scale": ("CREATE TABLE x (a decimal(2, 3))", 1427, "not more than all"),
    "trigger": (
        "CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW SIGNAL SQLSTATE '45000'; INSERT INTO t VALUES (1, '')", 1644,
        "drop the table's trigger",
    ),
    "procedure": (
        "CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW CALL missing(); INSERT INTO t VALUES (1, '')", 1305,
        "drop the table's trigger",
    ),
    "own trigger": (
        "CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW DELETE FROM t; INSERT INTO t VALUES (1, '')", 1442,
        "drop the table's trigger",
    ),
    "child": (_CHILD + "INSERT INTO x VALUES (1)", 1452, "foreign key"),
    "parent": (
        _CHILD + "INSERT INTO t VALUES (1, ''); INSERT INTO x VALUES (1); DELETE FROM t", 1451, "drop the foreign key",
    ),
    "truncate": (_CHILD + "TRUNCATE t", 1701, "drop the foreign key"),
    "partition": (
        "CREATE TABLE x (a int) PARTITION BY RANGE (a) (PARTITION p VALUES LESS THAN (1)); INSERT INTO x VALUES (1)", 1526,
        "a partition for MAXVALUE",
    ),
    "read only": ("START TRANSACTION READ ONLY; INSERT INTO t VALUES (1, '')", 1792, "connect to a server that may write"),
    "unlocked": ("CREATE TABLE x (a int); LOCK TABLE t WRITE; INSERT INTO x VALUES (1)", 1100, "LOCK TABLES"),
    "read lock": ("LOCK TABLE t READ; INSERT INTO t VALUES (1, '')", 1099, "LOCK TABLES"),
    "killed": ("KILL QUERY CONNECTION_ID()", 1317, "do not end the run's sessions"),
    "full": (
        ("SET SESSION max_heap_table_size = 16384; CREATE TABLE x (a char(255)) ENGINE MEMORY; INSERT INTO x "
        "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT i FROM n"), 1114,
        "give the server more disk",
    ),
}  # fmt: skip
"""Statements of root, the code with which the last one fails, and words of the remedy, for both servers."""
_DIFFERENT = {
    "generated": (
        "ALTER TABLE t ADD g int AS (1) STORED; INSERT INTO t VALUES (1, '', 2)", (3105, 1906), "without GENERATED ALWAYS AS"
    ),
    "columns": (f"CREATE TABLE x ({_MANY})", (1117, 1005), "1,017 columns"),
    "check": ("ALTER TABLE t ADD CHECK (id > 5); INSERT INTO t VALUES (1, '')", (3819, 4025), "drop the constraint"),
}  # fmt: skip
"""Such statements, with the codes of MySQL and of MariaDB."""


@pytest.fixture(
    scope="module",
    params=[pytest.param("mysql", marks=pytest.mark.docker), pytest.param("mariadb", marks=pytest.mark.mariadb)],
)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[tuple[Connection, pymysql.Connection[Any]]]":
    """Yield the load's connection, and root's."""
    if request.param == "mariadb":
        with mariadb(tmp_path_factory.mktemp("mariadb"), ["--max-allowed-packet=64K"]) as (url, root):
            yield parse_connection(url, MYSQL), root
    else:
        with (
            serving("mysql", arguments=["--max-allowed-packet=64K"]) as served,
            pymysql.connect(
                host=served.connection.host, user="root", password=PASSWORD, autocommit=True, ssl_disabled=True
            ) as root,
        ):
            yield served.connection, root


_RESET = (
    "UNLOCK TABLES",
    "ROLLBACK",
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
    "SET SESSION foreign_key_checks = 1",
    "DROP DATABASE IF EXISTS made",
    "CREATE DATABASE made",
    "USE made",
    "CREATE TABLE t (id int PRIMARY KEY, label varchar(2))",
)


def _fails(root: "pymysql.Connection[Any]", texts: str) -> pymysql.MySQLError:
    """Return the error of the last statement, in a new database."""
    with root.cursor() as cursor:
        for statement in _RESET:
            cursor.execute(statement)
        *before, last = texts.split("; ")
        for statement in before:
            cursor.execute(statement)
        with pytest.raises(pymysql.MySQLError) as raised:
            cursor.execute(last)
        cursor.execute("UNLOCK TABLES")
    return raised.value


@pytest.mark.parametrize("case", PROVOKED)
def test_provoked_error_has_remedy_for_its_cause(
    server: "tuple[Connection, pymysql.Connection[Any]]", case: str
) -> None:
    texts, code, remedy = PROVOKED[case]
    error = _fails(server[1], texts)
    line = str(server_error(error, AT))
    assert error.args[0] == code, line
    assert remedy in line
    assert not line.endswith(UNKNOWN)


@pytest.mark.parametrize("case", _DIFFERENT)
def test_own_code_of_each_server_has_the_same_remedy(
    server: "tuple[Connection, pymysql.Connection[Any]]", case: str
) -> None:
    texts, codes, remedy = _DIFFERENT[case]
    error = _fails(server[1], texts)
    assert error.args[0] == codes["MariaDB" in str(server[1].server_version)]
    assert remedy in str(server_error(error, AT))


SCHEMA = """
version: 1
tables:
  - name: large
    id: {{type: bigint, generator: {{type: sequential, start: 0}}}}
    fields: [{{name: label, type: text, nullable: true, generator: {{type: pattern, pattern: "{}"}}}}]
"""


KEYS = """
version: 1
tables:
  - name: keys
    id: {type: varchar(600), generator: {type: pattern, pattern: "%s{index}"}}
    fields: []
""" % ("x" * 500)


def _load(at: Connection, text: str, method: str, change: Callable[[], None] = lambda: None) -> int:
    """Load 100 rows with this text; `change` is called between preparing and loading."""
    schema = parse_schema(SCHEMA.format(text), "made.yaml")
    (table,) = schema.tables
    batch = Dataset(schema, seed=1, rows=100, base_instant=BASE_INSTANT).table("large").batch(0, 100)
    with connected("mysql", at) as source:
        source.prepare([table], OnExisting.EMPTY)
        change()
        with source.sink(table, Shard(table="large", seed=1, first_row=0, rows=100), method) as sink:
            sink.send(iter([sink.encode(batch)]))
        return source.count(table)


@pytest.mark.parametrize("method", METHODS)
def test_batch_larger_than_a_packet_is_loaded(
    server: "tuple[Connection, pymysql.Connection[Any]]", method: str
) -> None:
    assert _load(server[0], "x" * 9_000, method) == 100


def test_row_larger_than_a_packet_names_the_setting(server: "tuple[Connection, pymysql.Connection[Any]]") -> None:
    with pytest.raises(
        ServerError, match=r"max_allowed_packet \(65,536 bytes\); raise the server's max_allowed_packet"
    ):
        _load(server[0], "x" * 65_540, INSERT)


def test_statements_fit_into_packets() -> None:
    rows = ["('aaaa')", "('bbbb')", "('é')", "('cccc')"]
    assert list(statements("INSERT ", rows, 26)) == ["INSERT ('aaaa'),('bbbb')", "INSERT ('é'),('cccc')"]
    assert [len(text.split(",")) for text in statements("INSERT ", ["(1)"] * 1_001, 65_536)] == [1_000, 1]
    assert list(statements("INSERT ", [], 26)) == []
    with pytest.raises(pymysql.OperationalError, match="a row of 20 bytes"):
        list(statements("INSERT ", ["('aaaa')", "x" * 19], 26))


_CHANGES = {
    "key": ("INSERT INTO large VALUES (7, 'mine')", "remove the other rows"),
    "length": ("ALTER TABLE large MODIFY label varchar(2)", _VALUES),
    "check": ("ALTER TABLE large ADD CHECK (id <> 7)", "drop the constraint"),
    "trigger": (
        "CREATE TRIGGER r BEFORE INSERT ON large FOR EACH ROW SIGNAL SQLSTATE '45000'",
        "drop the table's trigger",
    ),
}
"""Changes of the empty table after it was prepared, and words of the remedy."""


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("case", _CHANGES)
def test_changed_table_has_remedy_for_its_cause(
    server: "tuple[Connection, pymysql.Connection[Any]]", case: str, method: str
) -> None:
    at, root = server
    change, remedy = _CHANGES[case]

    def execute(*statements: str) -> None:
        with root.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    execute("UNLOCK TABLES", "USE loadtest", "DROP TABLE IF EXISTS large")
    with pytest.raises(ServerError) as raised:
        _load(at, "abc", method, lambda: execute(change))
    execute("DROP TABLE large")
    assert remedy in str(raised.value)


def test_failed_creation_leaves_no_empty_table(server: "tuple[Connection, pymysql.Connection[Any]]") -> None:
    at, root = server
    (narrow,) = parse_schema(SCHEMA.format("x"), "made.yaml").tables
    wide = [narrow.columns[1].model_copy(update={"name": f"c{n}"}) for n in range(1_100)]
    tables = [
        narrow.model_copy(update={"name": "first"}),
        narrow.model_copy(update={"name": "wide", "columns": (narrow.key, *wide)}),
    ]
    with connected("mysql", at) as source:
        with pytest.raises(ServerError, match="use at most 1,017 columns"):
            source.prepare(tables, OnExisting.FAIL)
        with root.cursor() as cursor:
            assert cursor.execute("SHOW TABLES FROM loadtest LIKE 'first'") == 0
        source.prepare(tables[:1], OnExisting.FAIL)
        with root.cursor() as cursor:
            cursor.execute("DROP TABLE loadtest.first")


def test_long_keys_are_removed_in_several_statements(server: "tuple[Connection, pymysql.Connection[Any]]") -> None:
    at, _ = server
    schema = parse_schema(KEYS, "made.yaml")
    (table,) = schema.tables
    data = Dataset(schema, seed=1, rows=500, base_instant=BASE_INSTANT).table("keys")
    with connected("mysql", at) as source:
        source.prepare([table], OnExisting.EMPTY)
        with source.sink(table, Shard(table="keys", seed=1, first_row=0, rows=500), BULK) as sink:
            sink.send(iter([sink.encode(data.batch(0, 500))]))
        assert cast("KeyedSource", source).contains_any(table, data.batch(499, 1).column(0))
        source.remove(table, data.batch(0, 500).column(0))
        assert source.count(table) == 0
