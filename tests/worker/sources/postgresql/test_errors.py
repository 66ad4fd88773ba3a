"""Each error that a PostgreSQL server can be made to give has the remedy for its cause."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from core.connection import parse_connection
from core.stores import POSTGRESQL
from testkit.embedded import PASSWORD
from worker.sources.known_errors import UNKNOWN
from worker.sources.postgresql.errors import KNOWN, server_error

AT = parse_connection("postgresql://loadtest:secret@database:5432/loadtest", POSTGRESQL)
_WIDE = ", ".join(f"c{n} point DEFAULT '(1, 2)'" for n in range(600))
_MANY = ", ".join(f"c{n} boolean" for n in range(1601))
_BODY = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {} RETURN NEW; END $$; "
_TRIGGER = _BODY + "CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); INSERT INTO t VALUES (1)"
_AS = "SET ROLE narrow; "
_HIDE = "ALTER TABLE t ENABLE ROW LEVEL SECURITY; GRANT ALL ON t TO narrow; GRANT USAGE ON SCHEMA made TO narrow; "
PROVOKED = {
    "0A000 copy": (_HIDE + _AS + "COPY t FROM STDIN", "0A000", "disable the table's row level security"),
    "22001": ("INSERT INTO t (label) VALUES ('abc')", "22001", "a column type in the schema that holds"),
    "22003": ("INSERT INTO t (id) VALUES (1e12)", "22003", "a column type in the schema that holds"),
    "22007": ("SELECT 'x'::date", "22007", "restore its columns"),
    "22008": ("SELECT '2000-02-31'::date", "22008", "a column type in the schema that holds"),
    "22021": ("SELECT convert_from('\\xff', 'UTF8')", "22021", "ENCODING 'UTF8'"),
    "22023 scale": ("CREATE TABLE x (a numeric(5, 2000))", "22023", "correct the column's type in the schema"),
    "22023 length": ("CREATE TABLE x (a varchar(99999999))", "22023", "correct the column's type in the schema"),
    "22023 setting": ("SET DateStyle TO 'x'", "22023", "the options in the connection string"),
    "22P02": ("INSERT INTO t (kind) VALUES ('c')", "22P02", "values of the column's type in the generator"),
    "22P05": ("SELECT '\"\\u0000\"'::jsonb ->> 0", "22P05", "remove the character U+0000"),
    "22P05 encoding": ("SELECT convert_to('ł', 'LATIN1')", "22P05", "ENCODING 'UTF8'"),
    "23502": ("ALTER TABLE t ADD more int NOT NULL; INSERT INTO t VALUES (1)", "23502", "drop the column's NOT NULL"),
    "23503": ("ALTER TABLE t ADD parent int REFERENCES t; INSERT INTO t (id, parent) VALUES (1, 2)", "23503", "foreign key"),
    "23505": ("INSERT INTO t VALUES (1), (1)", "23505", "loadtest:onExisting: empty"),
    "23514": ("ALTER TABLE t ADD CHECK (id > 5); INSERT INTO t VALUES (1)", "23514", "drop the constraint"),
    "23514 partition": (
        "CREATE TABLE x (id int) PARTITION BY LIST (id); INSERT INTO x VALUES (1)", "23514", "add a DEFAULT partition"
    ),
    "23P01": ("CREATE TABLE x (a int, EXCLUDE (a WITH =)); INSERT INTO x VALUES (1), (1)", "23P01", "drop the constraint"),
    "25006": ("SET transaction_read_only TO on; INSERT INTO t VALUES (1)", "25006", "role that may write"),
    "3F000": ("CREATE TABLE missing.x (id int)", "3F000", "create the schema"),
    "42501 keys": (_AS + "SET session_replication_role TO replica", "42501", "SET ON PARAMETER session_replication_role"),
    "42501 setting": (_AS + "SET log_statement TO 'all'", "42501", "with the setting's name"),
    "42501 schema": (_AS + "CREATE TABLE made.x (id int)", "42501", "USAGE and CREATE on the schema"),
    "42501 database": (_AS + "CREATE TEMP TABLE x (id int)", "42501", "TEMPORARY on the database"),
    "42501 owner": (_HIDE + _AS + "DROP TABLE made.t", "42501", "make the user the table's owner"),
    "42501 hidden": (_HIDE + _AS + "SET row_security TO off; SELECT FROM made.t", "42501", "grant the user BYPASSRLS"),
    "42501 table": ("GRANT USAGE ON SCHEMA made TO narrow;" + _AS + "SELECT FROM made.t", "42501", "SELECT, INSERT, DELETE"),
    "42501 sequence": (
        "GRANT USAGE ON SCHEMA made TO narrow; CREATE SEQUENCE s;" + _AS + "SELECT nextval('made.s')", "42501",
        "USAGE on the sequence",
    ),
    "42601": ("SELEKT", "42601", "connect to PostgreSQL itself"),
    "42701": ("CREATE TABLE x (a int, a int)", "42701", "rename one of the columns"),
    "42703": ("INSERT INTO t (missing) VALUES (1)", "42703", "restore its columns"),
    "42704": ("CREATE TABLE x (a missing)", "42704", "create what the message names"),
    "42710": ("CREATE TYPE letters AS ENUM ('a')", "42710", "drop the object"),
    "42804": ("INSERT INTO t (id) SELECT true", "42804", "restore its columns"),
    "42809": ("CREATE VIEW x AS SELECT 1; TRUNCATE x", "42809", "drop what has the table's name"),
    "42883": ("SELECT missing(1)", "42883", "connect to PostgreSQL itself"),
    "42P01": ("INSERT INTO missing VALUES (1)", "42P01", "run `worker prepare` first"),
    "42P07": ("CREATE TABLE t (id int)", "42P07", "drop the object"),
    "42P16": ("CREATE TABLE x (id int PRIMARY KEY, b int PRIMARY KEY)", "42P16", "correct the table in the schema"),
    "428C9": ("ALTER TABLE t ADD g int GENERATED ALWAYS AS (1) STORED; INSERT INTO t (g) VALUES (1)", "428C9", "EXPRESSION"),
    "428C9 identity": (
        "ALTER TABLE t ADD g int GENERATED ALWAYS AS IDENTITY; INSERT INTO t (g) VALUES (1)", "428C9", "DROP IDENTITY"
    ),
    "44000": (
        "CREATE VIEW x AS SELECT * FROM t WHERE id > 5 WITH CHECK OPTION; INSERT INTO x VALUES (1)", "44000", "the view's table"
    ),
    "54000 row": (f"CREATE TABLE x ({_WIDE}); INSERT INTO x DEFAULT VALUES", "54000", "a page of 8 KiB"),
    "54000 key": (
        ("CREATE TABLE x (a bytea PRIMARY KEY); "
        "INSERT INTO x SELECT string_agg(sha256(n::text::bytea), '') FROM generate_series(1, 100) AS n"),
        "54000", "a third of it",
    ),
    "54001": (
        "CREATE FUNCTION g(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN g($1); END $$; SELECT g(1)", "54001",
        "nest values less deeply",
    ),
    "54011": (f"CREATE TABLE x ({_MANY})", "54011", "1,600 columns"),
    "55000": (
        "CREATE TABLE x (a int); CREATE PUBLICATION p FOR TABLE x; INSERT INTO x VALUES (1); DELETE FROM x", "55000",
        "a REPLICA IDENTITY",
    ),
    "55006": ("SELECT FROM t FOR UPDATE; DECLARE c CURSOR FOR SELECT FROM t; TRUNCATE t", "55006", "end the other sessions"),
    "55P02": ("SET max_connections TO 5", "55P02", "set it on the server"),
    "57014": ("SET statement_timeout TO 1; SELECT pg_sleep(5)", "57014", "timeout that ended it to 0"),
    "57014 cancelled": ("SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(5)", "57014", "do not cancel"),
    "57P01": ("SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(5)", "57P01", "why it went away"),
    "58P01": ("SELECT pg_read_file('missing')", "58P01", "its files are damaged"),
    "P0001": (_TRIGGER.format("RAISE 'no';"), "P0001", "disable the table's trigger"),
    "P0004": (_TRIGGER.format("ASSERT false;"), "P0004", "disable the table's trigger"),
}  # fmt: skip
"""Statements of a superuser, the state with which the last one fails, and words of the remedy."""


@pytest.fixture(scope="module")
def url(postgresql_url: str) -> Iterator[str]:
    with psycopg.connect(postgresql_url, autocommit=True) as root:
        root.execute(f"CREATE ROLE narrow LOGIN PASSWORD '{PASSWORD}'".encode())
        root.execute("CREATE DATABASE errors")
        root.execute("REVOKE TEMPORARY ON DATABASE errors FROM PUBLIC")
    yield postgresql_url.removesuffix("loadtest") + "errors"
    with psycopg.connect(postgresql_url, autocommit=True) as root:
        root.execute("DROP DATABASE errors WITH (FORCE)")
        root.execute("DROP ROLE narrow")


@pytest.fixture
def session(url: str) -> Iterator["psycopg.Connection[Any]"]:
    with psycopg.connect(url, autocommit=True, options="-csearch_path=made") as opened:
        opened.execute(
            "DROP SCHEMA IF EXISTS made CASCADE; CREATE SCHEMA made; DROP PUBLICATION IF EXISTS p; "
            "CREATE TYPE letters AS ENUM ('a', 'b'); CREATE TABLE t (id int PRIMARY KEY, label varchar(2), kind letters)"
        )
        yield opened


@pytest.mark.parametrize("case", PROVOKED)
def test_provoked_error_has_remedy_for_its_cause(session: "psycopg.Connection[Any]", case: str) -> None:
    statements, state, remedy = PROVOKED[case]
    with pytest.raises(psycopg.Error) as raised:
        session.execute(statements.encode())
    line = str(server_error(raised.value, AT))
    assert raised.value.sqlstate == state, line
    assert remedy in line
    assert not line.endswith(UNKNOWN)


def test_locked_table_names_the_session_to_end(url: str, session: "psycopg.Connection[Any]") -> None:
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE made.t")
        session.execute("SET lock_timeout TO 1")
        with pytest.raises(psycopg.errors.LockNotAvailable) as raised:
            session.execute("TRUNCATE t")
    assert "end the session that has locked the table (pg_stat_activity)" in str(server_error(raised.value, AT))


def test_too_many_sessions_of_role_are_tried_again(url: str, session: "psycopg.Connection[Any]") -> None:
    session.execute("ALTER ROLE narrow CONNECTION LIMIT 0")
    with pytest.raises(psycopg.OperationalError) as raised:
        psycopg.connect(url.replace("//loadtest:", "//narrow:"))
    error = server_error(raised.value, AT)
    assert "raise the CONNECTION LIMIT of the role or database" in str(error)
    assert error.transient


def test_class_of_an_unlisted_code_has_its_remedy() -> None:
    known = KNOWN.find("08", "connection exception")
    assert known is not None
    lost = psycopg.errors.ConnectionException("connection exception")
    assert lost.sqlstate == "08000"
    assert str(server_error(lost, AT)).endswith(known.remedy)
