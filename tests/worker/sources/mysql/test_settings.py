"""MySQL and MariaDB with hostile settings, and tables of another shape: nothing is damaged or silently changed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pymysql
import pytest

from core.connection import Connection, parse_connection
from core.errors import ServerError
from core.options import OnExisting
from core.plan import BASE_INSTANT, Shard
from core.schema.file import parse_schema
from core.schema.model import Table
from core.stores import BULK, INSERT, METHODS, MYSQL
from testkit.serving import PASSWORD, serving
from tests.worker.mariadb import mariadb
from tests.worker.sources.loading import DATASET, EVERY_KIND, KEYED, connected, emptied
from tests.worker.verify.campaign import ROWS, counts, rows_of, verified
from worker.generate import Dataset
from worker.sources.base import WorkerSlot
from worker.sources.mysql.ddl import create_table

_MODES = (
    "ANSI_QUOTES,PIPES_AS_CONCAT,IGNORE_SPACE,NO_BACKSLASH_ESCAPES,NO_ZERO_DATE,NO_ZERO_IN_DATE,PAD_CHAR_TO_FULL_LENGTH,"
    "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,HIGH_NOT_PRECEDENCE,NO_UNSIGNED_SUBTRACTION,REAL_AS_FLOAT"
)
_SERVERS = {"mysql": pytest.mark.docker, "mariadb": pytest.mark.mariadb}
_HOSTILE = (
    "--character-set-server=latin1",
    "--collation-server=latin1_swedish_ci",
    "--default-time-zone=+05:30",
    "--transaction-isolation=SERIALIZABLE",
    "--completion-type=CHAIN",
    "--default-storage-engine=MyISAM",
    "--autocommit=0",
    "--lock-wait-timeout=1",
    "--innodb-default-row-format=compact",
)
_NO_HANDSHAKE = "--skip-character-set-client-handshake"
"""MySQL 9 has no such option."""
_GLOBALS = (
    ("sql_mode", _MODES),
    ("sql_safe_updates", 1),
    ("sql_select_limit", 3),
    ("max_error_count", 0),
    ("unique_checks", 0),
    ("sql_big_selects", 0),
    ("max_join_size", 1),
    ("init_connect", "USE information_schema"),
)


@dataclass(frozen=True)
class Server:
    """The load's connection, and root's, which the server's settings do not affect."""

    at: Connection
    root: "pymysql.Connection[Any]"

    def execute(self, *statements: str) -> list[Any]:
        """Return the rows of the last statement."""
        with self.root.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall())


@pytest.fixture(scope="module", params=[pytest.param(name, marks=mark) for name, mark in _SERVERS.items()])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if request.param == "mariadb":
        with mariadb(tmp_path_factory.mktemp("mariadb"), (*_HOSTILE, _NO_HANDSHAKE)) as (url, root):
            yield _hostile(Server(parse_connection(url, MYSQL), root))
    else:
        with (
            serving("mysql", arguments=_HOSTILE) as served,
            pymysql.connect(
                host=served.connection.host, user="root", password=PASSWORD, autocommit=True, ssl_disabled=True
            ) as root,
        ):
            yield _hostile(Server(served.connection, root))


def _hostile(server: Server) -> Server:
    # The driver assumes that the server commits automatically.
    server.execute(
        "SET SESSION completion_type = 0",
        "SET SESSION autocommit = 1",
        "ROLLBACK",
        "SET SESSION lock_wait_timeout = 20",
        "USE loadtest",
    )
    for name, value in _GLOBALS:
        with server.root.cursor() as cursor:
            cursor.execute(f"SET GLOBAL {name} = %s", [value])
    return server


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", [EVERY_KIND, KEYED])
def test_hostile_server_stores_every_value(server: Server, name: str, method: str) -> None:
    table = DATASET.schema.table(name)
    with connected("mysql", server.at) as source:
        emptied(source)
        with source.sink(table, Shard(table=name, seed=42, first_row=0, rows=ROWS), method) as sink:
            sink.send(iter([sink.encode(rows_of(name))]))
        (found,) = verified(source, name)
        assert (found.matched, *counts(found)) == (ROWS, 0, 0, 0)
    nullable = [column.name for column in table.columns if column.nullable]
    for column in nullable:
        # Read by another client: the session's own reads could have the same fault as its writes.
        ((nulls,),) = server.execute(f"SELECT count(*) FROM loadtest.`{name}` WHERE `{column}` IS NULL")
        assert nulls == rows_of(name).column(column).null_count


SCHEMA = """
version: 1
tables:
  - name: parents
    id: {type: bigint, generator: {type: sequential, start: 0}}
    fields: [{name: label, type: varchar(20), nullable: true, generator: {type: pattern, pattern: "{index}"}}]
  - name: children
    id: {type: bigint, generator: {type: sequential, start: 0}}
    fields: [{name: parent, type: bigint, generator: {type: reference, table: parents, column: id}}]
"""
TABLES = parse_schema(SCHEMA, "made.yaml").tables
PARENTS, CHILDREN = TABLES


@pytest.fixture
def tables(server: Server) -> Iterator[Server]:
    maria = server.at.user == "loadtest" and "Maria" in str(server.root.server_version)
    server.execute("SET foreign_key_checks = 0", "DROP VIEW IF EXISTS parents")
    server.execute(*(f"DROP TABLE IF EXISTS {table}" for table in ("parents", "children", "strangers")))
    server.execute("SET foreign_key_checks = 1", *(create_table(table, "loadtest", mariadb=maria) for table in TABLES))
    server.execute("INSERT INTO parents VALUES (0, 'a'), (1, 'b')", "INSERT INTO children VALUES (5, 1)")
    yield server
    server.execute("SET foreign_key_checks = 0", "DROP VIEW IF EXISTS parents")
    server.execute(*(f"DROP TABLE IF EXISTS {table}" for table in ("parents", "children", "strangers")))


def _prepare(server: Server, tables: tuple[Table, ...] = TABLES) -> list[str]:
    with connected("mysql", server.at) as source:
        return list(source.prepare(tables, OnExisting.EMPTY))


FOREIGN_KEY = "ALTER TABLE children ADD CONSTRAINT link FOREIGN KEY (parent) REFERENCES parents (id)"
REFUSED = {
    "view": (("DROP TABLE parents", "CREATE VIEW parents AS SELECT 1 AS id"), "parents: is a VIEW, wanted a table"),
    "engine": (("ALTER TABLE parents ENGINE=MyISAM",), "parents: has engine MyISAM, wanted InnoDB"),
    "unsigned": (("ALTER TABLE parents MODIFY id bigint unsigned NOT NULL",), "parents.id: has type bigint.* unsigned"),
    "null": (("ALTER TABLE parents MODIFY label varchar(20) NOT NULL",), "parents.label: is nullable: NO, wanted YES"),
    "charset": (
        ("ALTER TABLE parents MODIFY label varchar(20) CHARACTER SET latin1",),
        "parents.label: has collation latin1_swedish_ci, wanted utf8mb4",
    ),
    "generated": (
        ("ALTER TABLE parents DROP label, ADD label varchar(20) AS ('x') STORED",),
        "parents.label: is a generated column",
    ),
    "missing": (("ALTER TABLE parents DROP label",), "parents.label: is missing"),
    "extra": (("ALTER TABLE parents ADD more int",), "parents.more: exists"),
    "key": (("ALTER TABLE parents DROP PRIMARY KEY",), "parents: has primary key none, wanted id"),
    "unique": (("ALTER TABLE parents ADD UNIQUE only_one (label)",), "parents.label: has unique index 'only_one'"),
    "check": (("ALTER TABLE parents ADD CONSTRAINT small CHECK (id < 5)",), "parents: has CHECK 'small'"),
    "partitions": (
        ("ALTER TABLE parents PARTITION BY RANGE (id) (PARTITION a VALUES LESS THAN (9))",),
        "parents: is partitioned by RANGE",
    ),
    "stranger": (
        ("CREATE TABLE strangers (id bigint PRIMARY KEY, FOREIGN KEY (id) REFERENCES parents (id)) ENGINE=InnoDB",),
        "parents: is referenced by foreign key .* of loadtest.strangers",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_unsuitable_table_is_refused_before_a_change(tables: Server, case: str) -> None:
    statements, complaint = REFUSED[case]
    tables.execute(*statements, "ALTER TABLE children ADD surplus int")
    with pytest.raises(ServerError, match=complaint) as refused:
        _prepare(tables)
    assert "children.surplus: exists" in str(refused.value)
    assert tables.execute("SELECT count(*) FROM children") == [(1,)]
    if case != "view":
        assert tables.execute("SELECT count(*) FROM parents") == [(2,)]


def test_tables_with_references_are_emptied_and_loaded(tables: Server) -> None:
    tables.execute(FOREIGN_KEY)
    assert _prepare(tables) == []
    assert tables.execute("SELECT (SELECT count(*) FROM parents) + (SELECT count(*) FROM children)") == [(0,)]


def test_reference_outside_the_run_is_refused(tables: Server) -> None:
    tables.execute(FOREIGN_KEY)
    with pytest.raises(ServerError, match=r"children.parent: references loadtest.parents"):
        _prepare(tables, (CHILDREN,))
    with pytest.raises(ServerError, match=r"parents: is referenced by foreign key 'link' of loadtest.children"):
        _prepare(tables, (PARENTS,))
    assert tables.execute("SELECT count(*) FROM children") == [(1,)]


def test_trigger_is_a_warning(tables: Server) -> None:
    tables.execute("CREATE TRIGGER twice BEFORE INSERT ON parents FOR EACH ROW SET NEW.label = 'x'")
    (warning,) = _prepare(tables)
    assert "'parents' has trigger 'twice' (BEFORE INSERT)" in warning


def _read_only(server: Server) -> Callable[[], object]:
    server.execute("SET GLOBAL read_only = 1")
    return lambda: server.execute("SET GLOBAL read_only = 0")


def test_read_only_server_is_refused_before_a_change(tables: Server) -> None:
    restore = _read_only(tables)
    try:
        with pytest.raises(ServerError, match=r"read-only"):
            _prepare(tables)
    finally:
        restore()
    assert tables.execute("SELECT count(*) FROM parents") == [(2,)]


def test_local_infile_off_is_refused_before_a_change(tables: Server) -> None:
    tables.execute("SET GLOBAL local_infile = 0")
    try:
        with pytest.raises(ServerError, match=r"local_infile: 'OFF' forbids LOAD DATA LOCAL"):
            _prepare(tables)
        assert tables.execute("SELECT count(*) FROM parents") == [(2,)]
        with connected("mysql", tables.at, WorkerSlot(0, 1, method=INSERT)) as source:
            source.prepare(TABLES, OnExisting.EMPTY)
    finally:
        tables.execute("SET GLOBAL local_infile = 1")


def test_tables_with_foreign_keys_load_in_any_order(tables: Server) -> None:
    tables.execute(FOREIGN_KEY)
    data = Dataset(parse_schema(SCHEMA, "made.yaml"), seed=42, rows=20, base_instant=BASE_INSTANT)
    with connected("mysql", tables.at) as source:
        source.prepare(TABLES, OnExisting.EMPTY)
        for table in reversed(TABLES):
            with source.sink(table, Shard(table=table.name, seed=42, first_row=0, rows=20), BULK) as sink:
                sink.send(iter([sink.encode(data.table(table.name).batch(0, 20))]))
    orphans = "SELECT count(*) FROM children LEFT JOIN parents ON children.parent = parents.id WHERE parents.id IS NULL"
    assert tables.execute(orphans, "SELECT count(*) FROM children") == [(20,)]
    assert tables.execute(orphans) == [(0,)]


def test_missing_delete_right_is_refused_before_a_change(tables: Server) -> None:
    host = "127.0.0.1" if "Maria" in str(tables.root.server_version) else "%"
    account = f"'limited'@'{host}'"
    tables.execute(f"CREATE USER {account} IDENTIFIED BY '{PASSWORD}'")
    tables.execute(f"GRANT SELECT, INSERT, CREATE TEMPORARY TABLES ON loadtest.* TO {account}")
    url = f"mysql://limited:{PASSWORD}@{tables.at.host}:{tables.at.port}/loadtest?ssl-mode=DISABLED"
    try:
        with (
            connected("mysql", parse_connection(url, MYSQL)) as source,
            pytest.raises(
                ServerError, match=r"parents: the user has no DELETE right.*children: the user has no DELETE"
            ),
        ):
            source.prepare(TABLES, OnExisting.EMPTY)
    finally:
        tables.execute(f"DROP USER {account}")
    assert tables.execute("SELECT count(*) FROM parents") == [(2,)]
