"""A role and a database with hostile settings: nothing is damaged, confused or silently changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg import sql

from core.connection import Connection, parse_connection
from core.errors import ServerError
from core.options import OnExisting
from core.plan import Shard
from core.schema.types import Kind
from core.stores import BULK, METHODS, POSTGRESQL
from testkit.embedded import PASSWORD
from tests.worker.sources.loading import DATASET, EVERY_KIND, KEYED, TABLES, connected, emptied
from tests.worker.verify.campaign import ROWS, counts, rows_of, verified
from worker.sources.base import KeyRange, KeySpan, Scope
from worker.sources.postgresql.connection import fix_session
from worker.sources.postgresql.ddl import create_table
from worker.sources.row_checksum import total_of

ROLE = "hostile"
_UNSUMMED = (Kind.ARRAY, Kind.SET, Kind.JSONB, Kind.POINT)
_TIMEOUTS = (
    "statement_timeout", "transaction_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout",
)  # fmt: skip
_OF_DATABASE = {
    "search_path": "missing, pg_catalog, tables, decoys",
    "client_encoding": "LATIN1",
    "DateStyle": "SQL, DMY",
    "IntervalStyle": "sql_standard",
    "TimeZone": "Asia/Kathmandu",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "lc_numeric": "C",
    "default_transaction_isolation": "serializable",
}
_OF_ROLE = {
    "standard_conforming_strings": "off",
    "array_nulls": "off",
    "transform_null_equals": "on",
    "quote_all_identifiers": "on",
    "row_security": "on",
    "xmloption": "document",
    "exit_on_error": "on",
    "default_transaction_deferrable": "on",
    **dict.fromkeys(_TIMEOUTS, "9999"),
    "client_min_messages": "debug5",
    "default_tablespace": "missing",
    "backslash_quote": "on",
    "enable_seqscan": "off",
}
_SHADOWS = (
    "CREATE FUNCTION tables.md5(text) RETURNS text LANGUAGE sql AS $$ SELECT '0123456789abcdef0123456789abcdef' $$",
    "CREATE FUNCTION tables.length(text) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$",
    "CREATE FUNCTION tables.to_char(timestamp, text) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$",
    "CREATE FUNCTION tables.abs(bigint) RETURNS bigint LANGUAGE sql AS $$ SELECT 0::bigint $$",
    "CREATE FUNCTION tables.pg_advisory_xact_lock(bigint) RETURNS void LANGUAGE sql AS $$ SELECT 1 / 0 $$",
    "CREATE TABLE tables.pg_class (oid oid, relname name, relnamespace oid)",
    "CREATE TABLE tables.pg_settings (name text, setting text)",
    "CREATE DOMAIN tables.date AS text",
)


@dataclass(frozen=True)
class Hostile:
    """The load's connection, the same tables seen by a session without those settings, and the superuser's session."""

    at: Connection
    plain: Connection
    root: psycopg.Connection[Any]

    def count(self, table: str) -> int:
        return int(self.root.execute(f"SELECT count(*) FROM {table}".encode()).fetchall()[0][0])


def _set(root: psycopg.Connection[Any], target: str, settings: dict[str, str]) -> None:
    for name, value in settings.items():
        parts = [sql.Literal(part.strip()) for part in value.split(",")]
        statement = sql.SQL("ALTER {} SET {} TO {}").format(
            sql.SQL(target), sql.Identifier(name), sql.SQL(", ").join(parts)
        )
        root.execute(statement)


@pytest.fixture(scope="module")
def server(postgresql_url: str) -> Iterator[Hostile]:
    with psycopg.connect(postgresql_url, autocommit=True) as session:
        session.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'".encode())
        session.execute(f"CREATE DATABASE {ROLE} OWNER {ROLE}".encode())
    own = postgresql_url.replace("/loadtest", f"/{ROLE}").replace("//loadtest:", f"//{ROLE}:")
    plain = postgresql_url.replace("/loadtest", f"/{ROLE}").replace(f"//{ROLE}:", "//loadtest:")
    with psycopg.connect(plain, autocommit=True) as root:
        root.execute(f"CREATE SCHEMA tables AUTHORIZATION {ROLE}".encode())
        root.execute(f"CREATE SCHEMA decoys AUTHORIZATION {ROLE}".encode())
        for statement in _SHADOWS:
            root.execute(statement.encode())
        for table in TABLES:
            root.execute(create_table(table, sql.Identifier("decoys", table.name)))
            root.execute(f"ALTER TABLE decoys.{table.name} OWNER TO {ROLE}".encode())
        root.execute("INSERT INTO decoys.keyed VALUES (gen_random_uuid(), 'mine')")
        _set(root, f"DATABASE {ROLE}", _OF_DATABASE)
        _set(root, f"ROLE {ROLE}", _OF_ROLE)
        # A parameter of the connection string overrides the settings of a database or role.
        seen = plain + "?options=-csearch_path%3Dtables%20-cclient_encoding%3DUTF8"
        yield Hostile(parse_connection(own, POSTGRESQL), parse_connection(seen, POSTGRESQL), root)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", [EVERY_KIND, KEYED])
def test_hostile_settings_store_every_value(server: Hostile, name: str, method: str) -> None:
    table = DATASET.schema.table(name)
    with connected("postgresql", server.at) as source, connected("postgresql", server.plain) as plain:
        emptied(source)
        with source.sink(table, Shard(table=name, seed=42, first_row=0, rows=ROWS), method) as sink:
            sink.send(iter([sink.encode(rows_of(name))]))
        # A session with the same fault in reading and in writing would find no difference.
        for reader in (source, plain):
            for depth in ("full", "checksum"):
                (found,) = verified(reader, name, verify_depth=depth)
                assert (found.matched, *counts(found)) == (ROWS, 0, 0, 0)
    (decoys,) = server.root.execute("SELECT count(*) FROM decoys.keyed").fetchall()
    assert decoys == (1,)


def test_functions_in_user_schema_do_not_replace_builtins(server: Hostile) -> None:
    whole = DATASET.schema.table(EVERY_KIND)
    kept = whole.model_copy(update={"columns": tuple(c for c in whole.columns if c.type.kind not in _UNSUMMED)})
    shard = Shard(table=EVERY_KIND, seed=42, first_row=0, rows=ROWS)
    scope = Scope(
        shard,
        KeySpan(1, ROWS + 1),
        exclusive_storage=False,
        checks_unowned_rows=True,
        tolerant=False,
        table_rows=ROWS,
        first_rows=frozenset({0}),
    )
    with connected("postgresql", server.at) as source, connected("postgresql", server.plain) as plain:
        emptied(source)
        with source.sink(whole, shard, BULK) as sink:
            sink.send(iter([sink.encode(rows_of(EVERY_KIND))]))
        found = source.fingerprint(kept, scope)
        assert found is not None
        assert found == plain.fingerprint(kept, scope)
        assert found.total == total_of(kept, rows_of(EVERY_KIND).select([column.name for column in kept.columns]))
        source.remove(whole, KeyRange(1, 10))
        assert source.count(whole) == server.count(f"tables.{EVERY_KIND}") == ROWS - 10
    assert server.count(f"decoys.{EVERY_KIND}") == 0


def test_session_has_no_timeouts(server: Hostile) -> None:
    with psycopg.connect(server.at.text, autocommit=True) as session:
        query = "SELECT DISTINCT setting FROM pg_catalog.pg_settings WHERE name = ANY(%s)"
        assert session.execute(query, [list(_TIMEOUTS)]).fetchall() == [("9999",)]
        fix_session(session, server.at)
        assert session.execute(query, [list(_TIMEOUTS)]).fetchall() == [("0",)]


def test_same_table_in_later_schema_is_unchanged(server: Hostile) -> None:
    server.root.execute("DROP TABLE IF EXISTS tables.keyed")
    with connected("postgresql", server.at) as source:
        source.prepare([DATASET.schema.table(KEYED)], OnExisting.FAIL)
    assert (server.count("tables.keyed"), server.count("decoys.keyed")) == (0, 1)


def test_table_named_like_a_catalogue_table_is_created(server: Hostile) -> None:
    named = DATASET.schema.table(KEYED).model_copy(update={"name": "pg_type"})
    with connected("postgresql", server.at) as source:
        source.prepare([named], OnExisting.FAIL)
        assert source.count(named) == server.count("tables.pg_type") == 0
        source.prepare([named], OnExisting.EMPTY)
    server.root.execute("DROP TABLE tables.pg_type")


def test_setting_that_cannot_be_fixed_is_named(server: Hostile) -> None:
    server.root.execute("ALTER ROLE hostile SET session_replication_role TO replica")
    try:
        refusal = (
            r"setting session_replication_role: 'replica' cannot be set to 'origin' \(permission denied.*; reset it"
        )
        with pytest.raises(ServerError, match=refusal), connected("postgresql", server.at):
            pass
    finally:
        server.root.execute("ALTER ROLE hostile RESET session_replication_role")


@pytest.mark.parametrize("path", ["pg_catalog", "missing", ""])
def test_search_path_without_a_schema_is_refused(server: Hostile, path: str) -> None:
    at = parse_connection(f"{server.plain.text.split('?')[0]}?options=-csearch_path%3D{path}", POSTGRESQL)
    with (
        pytest.raises(ServerError, match=r"search_path: '.*' names no schema that exists"),
        connected("postgresql", at),
    ):
        pass
